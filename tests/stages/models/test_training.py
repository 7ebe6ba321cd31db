"""Training learns, resumes where it was killed, and is reused when it is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.core.store.rowcache import FRESH
from stages.lab_target.build import build_adapter
from stages.models import training
from stages.models.adapter import Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.training import Recipe, shuffled_batches, train, training_key
from tests.stages.models.recognisers import whisper

MakeQuery = Callable[..., Query]
WHOLE = Recipe(learning_rate=1e-3, method="whole", seed=1)


def fresh() -> Qwen2AudioAdapter:
    return build_adapter(7)


@pytest.fixture
def queries(make_query: MakeQuery) -> list[Query]:
    return [make_query(0.5 + 0.1 * number, f"Number {number}.", seed=number) for number in range(4)]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training, "CHECKPOINTS", tmp_path)
    return tmp_path


def weights(adapter: Qwen2AudioAdapter) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in adapter.model.state_dict().items()}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", ["whole", "lora"])
def test_a_killed_training_ends_where_an_uninterrupted_one_does(
    method: str, queries: list[Query], elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(1e-3, method, 1)
    batches = shuffled_batches([range(4)] * 4, [1] * 4, 2, torch.Generator().manual_seed(3))
    whole = fresh()
    losses = train(whole, queries, batches, recipe, "uninterrupted")

    monkeypatch.setattr(training, "SECONDS_PER_CHECKPOINT", 0.0)
    monkeypatch.setattr(training, "SHARE_FOR_CHECKPOINTS", 1e9)
    learn = training._TrainingRun.step
    steps: list[list[Query]] = []

    def until_killed(run: training._TrainingRun, batch: list[Query]) -> None:
        if len(steps) == 5:
            raise KeyboardInterrupt
        steps.append(batch)
        learn(run, batch)

    monkeypatch.setattr(training._TrainingRun, "step", until_killed)
    with pytest.raises(KeyboardInterrupt):
        train(fresh(), queries, batches, recipe, "killed")
    monkeypatch.setattr(training._TrainingRun, "step", learn)
    resumed = fresh()
    assert train(resumed, queries, batches, recipe, "killed") == losses
    assert equal(weights(resumed), weights(whole))
    assert len(steps) == 5


def test_a_finished_training_is_taken_as_it_is(
    queries: list[Query], elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [[0, 1], [2, 3]]
    first = fresh()
    losses = train(first, queries, batches, WHOLE, "done")
    monkeypatch.setattr(training._TrainingRun, "step", None)  # a step would fail
    again = fresh()
    assert train(again, queries, batches, WHOLE, "done") == losses
    assert equal(weights(again), weights(first))


def test_training_lowers_the_loss_and_leaves_an_ordinary_model(queries: list[Query], elsewhere: Path) -> None:
    adapter = fresh()
    losses = train(adapter, queries, [[0, 1, 2, 3]] * 25, Recipe(3e-3, "whole", 1), "learning")
    assert losses[-1] < 0.5 * losses[0]
    assert not adapter.model.training
    assert type(adapter.model).__name__ == "Qwen2AudioForConditionalGeneration"


def test_low_rank_updates_are_merged(queries: list[Query], elsewhere: Path) -> None:
    adapter = fresh()
    before = weights(adapter)
    train(adapter, queries, [[0, 1]] * 6, Recipe(1e-2, "lora", 1), "lora")
    after = weights(adapter)
    assert before.keys() == after.keys()
    assert not equal(before, after)
    assert torch.equal(before["lm_head.weight"], after["lm_head.weight"])


def test_a_fresh_run_trains_anew(queries: list[Query], elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [[0, 1], [2, 3]]
    first, again = fresh(), fresh()
    losses = train(first, queries, batches, WHOLE, "done")
    learn = training._TrainingRun.step
    steps: list[list[Query]] = []

    def counted(run: training._TrainingRun, batch: list[Query]) -> None:
        steps.append(batch)
        learn(run, batch)

    monkeypatch.setattr(training._TrainingRun, "step", counted)
    monkeypatch.setenv(FRESH, "1")
    assert train(again, queries, batches, WHOLE, "done") == losses
    assert len(steps) == 2
    assert equal(weights(again), weights(first))


def test_the_key_names_everything_that_matters(
    queries: list[Query], make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [[0, 1], [2, 3]]
    adapter = fresh()
    key = training_key(adapter, "base", queries, batches, WHOLE)
    others = [
        training_key(adapter, "other", queries, batches, WHOLE),
        training_key(adapter, "base", [*queries[:3], make_query(0.5, "Other.")], batches, WHOLE),
        training_key(adapter, "base", queries, batches[::-1], WHOLE),
        training_key(adapter, "base", queries, batches, Recipe(2e-3, "whole", 1)),
    ]
    assert key == training_key(adapter, "base", list(queries), [tuple(batch) for batch in batches], WHOLE)
    monkeypatch.setattr(Qwen2AudioAdapter, "__module__", "stages.models.forward.rows")
    others.append(training_key(adapter, "base", queries, batches, WHOLE))
    monkeypatch.undo()
    monkeypatch.setattr(training, "library_versions", lambda *names: [f"{name}==0" for name in names])
    others.append(training_key(adapter, "base", queries, batches, WHOLE))
    assert len({key, *others}) == 7


def test_every_row_is_in_its_epoch_once() -> None:
    batches = shuffled_batches([range(5), range(5, 8)], [1] * 8, 2, torch.Generator().manual_seed(0))
    assert sorted(len(batch) for batch in batches[:3]) == [1, 2, 2]
    assert sorted(len(batch) for batch in batches[3:]) == [1, 2]
    assert sorted(row for batch in batches[:3] for row in batch) == [0, 1, 2, 3, 4]
    assert sorted(row for batch in batches[3:] for row in batch) == [5, 6, 7]


def test_rows_of_like_length_meet_and_others_each_epoch() -> None:
    lengths = torch.randperm(64, generator=torch.Generator().manual_seed(1)).tolist()
    batches = shuffled_batches([range(64)] * 2, lengths, 8, torch.Generator().manual_seed(0))
    spans = [max(lengths[row] for row in batch) - min(lengths[row] for row in batch) for batch in batches]
    assert spans == [7] * 16  # one pool: sorted whole
    shortest = [min(lengths[row] for row in batch) for batch in batches[:8]]
    assert shortest != sorted(shortest)
    many = shuffled_batches([range(640)] * 2, list(range(640)), 8, torch.Generator().manual_seed(0))
    assert {frozenset(batch) for batch in many[:80]}.isdisjoint(frozenset(batch) for batch in many[80:])


def test_an_encoder_decoder_has_no_connector_to_train(queries: list[Query], elsewhere: Path) -> None:
    whisper(elsewhere / "whisper")
    adapter = load_checkpoint((elsewhere / "whisper").as_posix(), LoadOptions())
    with pytest.raises(EarwitnessError, match="nothing to train: connector holds no weight"):
        train(adapter, queries, [[0, 1]], Recipe(1e-3, "whole", 1, ("connector",)), "connector")


def test_frozen_components_can_be_trained_later(queries: list[Query], elsewhere: Path) -> None:
    adapter = fresh()
    train(adapter, queries, [[0, 1]], Recipe(1e-3, "whole", 1, ("connector",)), "connector")
    assert all(weight.requires_grad for weight in adapter.components()["language_model"][0].parameters())
