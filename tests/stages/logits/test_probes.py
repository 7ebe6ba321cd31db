"""Probes on a small, untrained Qwen2-Audio, against the same quantities taken from its forwards."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
import yaml
from torch.nn.attention import SDPBackend, sdpa_kernel

from stages.core.errors import EarwitnessError
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.logits import PROBES_SCHEMA
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, audio_hash, encode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table, write_table
from stages.lab_target.build import build_adapter
from stages.logits.curvature import hessian_product
from stages.logits.probe import (
    PROBES,
    SHOTS,
    ProbeBatch,
    ProbeSubject,
    Shots,
    choose_shots,
    probe_keys,
    subjects_of,
    wanted,
)
from stages.logits.probes.sampling import sampling
from stages.logits.probes.word_error import word_error
from stages.logits.probing import probe_table
from stages.models.adapter import Query
from stages.models.families.endpoint import Remote
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.record import TargetRecord
from tests.params import Whole
from tests.stages.models.families import BUILDERS
from tests.stages.models.plain import plain_batch

INSTRUCTION = "Transcribe the speech."


@pytest.fixture(scope="module")
def adapter() -> Qwen2AudioAdapter:
    return build_adapter(0)


def query(seed: int, text: str) -> Query:
    samples = (0.1 * np.random.default_rng(seed).standard_normal(RATE)).astype(np.float32)
    return Query(samples, audio_hash(samples), INSTRUCTION, text)


def loss_of(adapter: Qwen2AudioAdapter, asked: Query) -> torch.Tensor:
    found = adapter.forced([asked], ["transcript"])[0]
    logprob = torch.log_softmax(found.logits["transcript"], -1)
    return -logprob.gather(1, found.token_ids["transcript"][:, None])[:, 0]


@pytest.mark.parametrize("name", list(PROBES))
def test_every_probe_gives_one_finite_value_a_name(name: str, adapter: Qwen2AudioAdapter) -> None:
    probe = PROBES[name]
    case = ProbeBatch(query(0, "a word"), [query(1, "a word")], ["another word"], ["one more"])
    values = probe.measure(adapter, case)
    assert len(values) == len(probe.names)
    assert np.isfinite(np.array(values, np.float64)).all()
    assert probe.measure(adapter, case) == values


def test_the_gradient_is_that_of_the_loss_of_the_forward(adapter: Qwen2AudioAdapter) -> None:
    asked = query(0, "a word")
    weights = [weight for weight in adapter.model.parameters() if weight.requires_grad]
    loss = adapter.model(**plain_batch(adapter, [asked])).loss
    assert loss.item() == pytest.approx(loss_of(adapter, asked).mean().item(), abs=1e-4)
    gradients = [g for g in torch.autograd.grad(loss, weights, allow_unused=True) if g is not None]
    expected = [
        np.mean([np.abs(g).sum() for g in map(np.asarray, gradients)]),
        np.mean([np.sqrt((g**2).sum()) for g in map(np.asarray, gradients)]),
        np.mean([np.abs(g).max() for g in map(np.asarray, gradients)]),
    ]
    assert PROBES["gradient_norm"].measure(adapter, ProbeBatch(asked, [], [])) == pytest.approx(expected, rel=1e-4)
    assert all(weight.grad is None for weight in weights)


def test_changed_audio_that_is_the_same_moves_nothing(adapter: Qwen2AudioAdapter) -> None:
    asked = query(0, "a word")
    measure = PROBES["augmentation_kl"].measure
    assert measure(adapter, ProbeBatch(asked, [asked], [])) == pytest.approx([0.0], abs=1e-9)
    other = query(1, "a word")
    p, q = (
        torch.log_softmax(adapter.forced([one], ["transcript"])[0].logits["transcript"].double(), -1)
        for one in (asked, other)
    )
    expected = (p.exp() * (p - q)).sum(-1).mean().item()
    assert expected > 0
    assert measure(adapter, ProbeBatch(asked, [asked, other], [])) == pytest.approx([expected / 2], rel=1e-3)
    assert measure(adapter, ProbeBatch(asked, [], [])) == [None]


def test_losses_after_shots_and_in_a_second_telling(adapter: Qwen2AudioAdapter) -> None:
    asked = query(0, "a word")
    after = replace(asked, instruction=f"one\ntwo\n{INSTRUCTION}")
    expected = (loss_of(adapter, after).mean() / loss_of(adapter, asked).mean()).item()
    assert PROBES["recall"].measure(adapter, ProbeBatch(asked, [], ["one", "two"])) == pytest.approx(
        [expected], rel=1e-4
    )
    once, twice = loss_of(adapter, asked), loss_of(adapter, replace(asked, text="a word a word"))
    drop = (once[:-1].mean() - twice[len(once) - 1 : -1].mean()).item()
    assert PROBES["repetition"].measure(adapter, ProbeBatch(asked, [], [])) == pytest.approx([drop], abs=1e-4)
    assert PROBES["repetition"].measure(adapter, ProbeBatch(query(0, ""), [], [])) == [None]


def test_members_and_non_members_before_a_clip(adapter: Qwen2AudioAdapter) -> None:
    asked = query(0, "a word")
    non_members, members, plain = (
        loss_of(adapter, replace(asked, instruction=before + INSTRUCTION)).mean().item()
        for before in ("one\n", "two\n", "")
    )
    found = PROBES["con_recall"].measure(adapter, ProbeBatch(asked, [], ["one"], ["two"]))
    assert found == pytest.approx([(non_members - 0.5 * members) / plain], rel=1e-4)


@pytest.mark.parametrize("name", ["recall", "con_recall"])
def test_a_target_that_takes_no_instruction_has_no_loss_after_shots(name: str, tmp_path: Path) -> None:
    BUILDERS["whisper"](tmp_path)
    uninstructed = load_checkpoint(str(tmp_path), LoadOptions())
    case = ProbeBatch(query(0, "ab"), [], ["one", "two"], ["three"])
    assert PROBES[name].measure(uninstructed, case) == [None]


def test_signals_of_three_tellings(adapter: Qwen2AudioAdapter) -> None:
    asked = query(0, "a word")
    found = dict(
        zip(PROBES["tellings"].names, PROBES["tellings"].measure(adapter, ProbeBatch(asked, [], [])), strict=True)
    )
    whole = loss_of(adapter, replace(asked, text="a word a word a word"))[:-1].detach().double().numpy()
    once = loss_of(adapter, asked)[:-1].detach().double().numpy()
    later = (len(whole) - len(once)) // 2
    parts = once, whole[len(once) : len(once) + later], whole[len(once) + later :]
    for at in (2, 3):
        assert found[f"tellings_loss_{at}"] == pytest.approx(once.mean() - parts[at - 1].mean(), abs=1e-4)
        for level in (1, 2, 3):
            share = np.mean(once <= level) - np.mean(parts[at - 1] <= level)
            assert found[f"tellings_below_{level}_{at}"] == pytest.approx(share)
    empty = PROBES["tellings"].measure(adapter, ProbeBatch(query(0, ""), [], []))
    assert empty == [None] * len(PROBES["tellings"].names)


@pytest.mark.parametrize("name", ["repetition", "tellings"])
def test_a_text_that_fits_once_but_not_again_has_no_later_telling(name: str, tmp_path: Path) -> None:
    BUILDERS["whisper"](tmp_path)
    small = load_checkpoint(str(tmp_path), LoadOptions())
    most = small.model.config.max_target_positions
    values = PROBES[name].measure(small, ProbeBatch(query(0, "a" * (2 * most // 3)), [], []))
    assert values == [None] * len(PROBES[name].names)
    with pytest.raises(EarwitnessError, match="does not fit"):
        PROBES[name].measure(small, ProbeBatch(query(0, "a" * 2 * most), [], []))


class Speaker(Qwen2AudioAdapter):
    """Answers what its clip's instruction tells it to."""

    def generate(self, queries: list[Query], max_tokens: int) -> list[str]:  # type: ignore[override]
        return [asked.instruction for asked in queries]


def test_answers_are_held_against_the_transcript(adapter: Qwen2AudioAdapter) -> None:
    told = Speaker(adapter.parts)
    own = replace(query(0, "The red, red ship."), instruction="the red house")
    changed = replace(own, instruction="RED ship; red the")
    assert sampling(told, ProbeBatch(own, [changed], [])) == [pytest.approx((2 / 4 + 1) / 2)]
    assert sampling(told, ProbeBatch(query(0, "?"), [], [])) == [None]


class Refusing(Speaker):
    """Refuses the instruction "no"."""

    def answers(self, queries: list[Query], max_tokens: int) -> list[str | None]:  # type: ignore[override]
        return [None if asked.instruction == "no" else asked.instruction for asked in queries]


def test_wrong_words_of_an_answer_are_counted(adapter: Qwen2AudioAdapter) -> None:
    told = Refusing(adapter.parts)
    own = replace(query(0, "The red, red ship."), instruction="the RED house of red bricks")
    assert word_error(told, ProbeBatch(own, [], [])) == [(1 + 2) / 4]  # house and of inserted, ship replaced
    assert word_error(told, ProbeBatch(replace(own, instruction="the red red ship"), [], [])) == [0.0]
    assert word_error(told, ProbeBatch(replace(own, instruction=""), [], [])) == [1.0]
    assert word_error(told, ProbeBatch(query(0, "?"), [], [])) == [None]


def test_a_refused_answer_is_no_answer(adapter: Qwen2AudioAdapter) -> None:
    told = Refusing(adapter.parts)
    own, refused = replace(query(0, "the red"), instruction="the"), replace(query(1, "the red"), instruction="no")
    assert sampling(told, ProbeBatch(own, [refused], [])) == [0.5]
    assert sampling(told, ProbeBatch(refused, [own], [])) == word_error(told, ProbeBatch(refused, [], [])) == [None]


def test_weights_are_needed_for_a_gradient(adapter: Qwen2AudioAdapter) -> None:
    closed = Speaker(adapter.parts)
    closed.model = Remote()
    for name in ("gradient_norm", "curvature"):
        with pytest.raises(EarwitnessError, match=f"{name} needs the model's weights"):
            PROBES[name].measure(closed, ProbeBatch(query(0, "a"), [], []))


def subjects(count: int) -> list[ProbeSubject]:
    return [
        ProbeSubject(f"c{index}/original/0", f"c{index}", f"h{index}", f"text {index}", ()) for index in range(count)
    ]


def clip_labels(members: list[bool | None]) -> pa.Table:
    ids = [f"c{index}" for index in range(len(members))]
    return pa.table({"clip_id": ids, "member": members, "text": [f"text {index}" for index in range(len(members))]})


def test_shots_are_known_clips_and_are_not_scored() -> None:
    members: list[bool | None] = [index % 2 == 0 for index in range(20)] + [None]
    shots = choose_shots(clip_labels(members), 7)
    for chosen, member in ((shots.non_members, False), (shots.members, True)):
        assert len(chosen) == SHOTS
        assert all(members[int(name[1:])] is member for name in chosen)
    everyone = {f"c{index}" for index in range(21)}
    scored = {subject.clip_id for subject in wanted(subjects(21), PROBES["recall"], shots, 7)}
    assert scored == everyone - shots.non_members.keys()
    scored = {subject.clip_id for subject in wanted(subjects(21), PROBES["con_recall"], shots, 7)}
    assert scored == everyone - shots.non_members.keys() - shots.members.keys()
    assert len(wanted(subjects(21), PROBES["gradient_norm"], shots, 7)) == 21


def test_shots_do_not_depend_on_the_order_of_clips_and_hardly_on_a_clip_more() -> None:
    table = clip_labels([False] * 40)
    shots = choose_shots(table, 7)
    assert choose_shots(table.take(pa.array(np.arange(40)[::-1])), 7) == shots
    assert len(choose_shots(clip_labels([False] * 41), 7).non_members.keys() - shots.non_members.keys()) <= 1
    assert choose_shots(table, 8) != shots


def test_without_known_non_members_nothing_is_put_before_a_clip() -> None:
    assert wanted(subjects(3), PROBES["recall"], choose_shots(clip_labels([True, None, True]), 7), 7) == []


def test_a_dear_probe_is_taken_of_some_clips_that_do_not_depend_on_the_others() -> None:
    probe = replace(PROBES["curvature"], most=10)
    chosen = wanted(subjects(40), probe, Shots(), 7)
    assert len(chosen) == 10
    assert wanted(subjects(40)[::-1], probe, Shots(), 7) == chosen[::-1]
    assert len(set(wanted(subjects(41), probe, Shots(), 7)) - set(chosen)) <= 1
    assert wanted(subjects(40), probe, Shots(), 8) != chosen


def test_the_curvature_is_that_of_the_loss_in_the_sounds_embeddings(adapter: Qwen2AudioAdapter) -> None:
    asked, step = query(0, "a word"), 0.05
    embedded = adapter.hear([asked])[asked.audio_hash].embedded.detach()
    batch = plain_batch(adapter, [asked])
    ids, labels = batch["input_ids"], batch["labels"]
    tokens, place = adapter.model.get_input_embeddings()(ids).detach(), ids == adapter.audio_id

    def loss(at: torch.Tensor) -> torch.Tensor:
        whole = tokens.masked_scatter(place[..., None], at)
        return adapter.model(inputs_embeds=whole, attention_mask=batch["attention_mask"], labels=labels).loss

    def gradient(sound: torch.Tensor) -> torch.Tensor:
        at = sound.detach().clone().requires_grad_()
        return torch.autograd.grad(loss(at), at)[0]

    _, smallest, largest = PROBES["curvature"].measure(adapter, ProbeBatch(asked, [], []))
    assert smallest is not None
    assert largest is not None
    assert smallest < largest
    with sdpa_kernel(SDPBackend.MATH):
        at = embedded.clone().requires_grad_()
        product = hessian_product(loss(at), at)
    along = torch.randn(at.numel(), generator=torch.Generator().manual_seed(0)).double()
    along /= along.norm()
    moved = step * along.reshape(at.shape).float()
    differences = (gradient(at + moved) - gradient(at - moved)).reshape(-1).double() / (2 * step)
    found = product(along)
    assert (found - differences).norm() < 0.05 * found.norm()
    assert smallest <= float(along @ found) <= largest


def test_keys_hold_what_a_probe_hears_and_no_more() -> None:
    first = replace(subjects(1)[0], changed=(("c0/gain/0", "g"),))
    other = replace(first, changed=(("c0/gain/0", "other"),))
    keys = {
        (name, subject.changed, *told): probe_keys(
            name, [subject], {"architecture": "qwen2_audio"}, "i", Shots({"s": told[0]}, {"m": told[1]})
        )[0]
        for name in ("augmentation_kl", "gradient_norm", "recall", "con_recall")
        for subject in (first, other)
        for told in product(("one", "two"), repeat=2)
    }
    of = {name: len({key for (probe, *_), key in keys.items() if probe == name}) for name, *_ in keys}
    assert of == {"augmentation_kl": 2, "gradient_norm": 1, "recall": 2, "con_recall": 4}


def test_the_stage_measures_what_is_asked_for_and_once(
    tmp_path: Path,
    repository: Path,
    adapter: Qwen2AudioAdapter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    adapter.save(tmp_path / "small")
    samples = query(0, "").samples
    clips = [
        {"clip_id": name, "audio": encode_flac(samples), "text": f"clip {name}", "member": name == "a"}
        for name in "abc"
    ]
    changed = encode_flac(0.5 * samples)
    neighbours = [
        {
            "neighbour_id": f"{name}/{kind}/0",
            "clip_id": name,
            "kind": kind,
            "audio": changed if kind == "audio" else None,
            "audio_hash": kind,
            "text": f"clip {name}",
        }
        for name in "abc"
        for kind in ("audio", "original")
    ]
    for table, rows, stage in (("clips", clips, "corpus"), ("neighbours", neighbours, "perturbation")):
        schema = {"clips": CLIPS_SCHEMA, "neighbours": NEIGHBOURS_SCHEMA}[table]
        write_table(artifact(stage, "tiny", f"{table}.parquet"), pa.Table.from_pylist(rows, schema), schema)
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content["logits"]["probes"] = ["recall", "augmentation_kl"]
    params = Whole.model_validate(content)
    fields = {"revision": "", "weight_hash": "w", "architecture": "qwen2_audio", "parameters": 1, "dtype": "float32"}
    record = TargetRecord(
        name="small", model="small", attention="sdpa", window_seconds=4.0, audible=True, audio_effect={}, **fields
    )
    threads = torch.get_num_threads()
    found = probe_table("tiny", "tiny", {"target": record}, params)
    again = probe_table("tiny", "tiny", {"target": record}, params)
    torch.set_num_threads(threads)
    assert again.equals(found)
    assert capsys.readouterr().out.count("0 rows computed") == 2
    rows = {(row["neighbour_id"], row["probe"]) for row in found.to_pylist()}
    assert {name for name, probe in rows if probe == "augmentation_kl"} == {f"{name}/original/0" for name in "abc"}
    shot = {f"{name}/original/0" for name in "abc"} - {name for name, probe in rows if probe == "recall"}
    assert shot in ({"b/original/0"}, {"c/original/0"})  # one of the two non-members, so that the other has a score
    assert found.schema == PROBES_SCHEMA
    none = Whole.model_validate({**content, "logits": {**content["logits"], "probes": []}})
    assert probe_table("tiny", "tiny", {"target": record}, none).num_rows == 0
    assert len(subjects_of(read_table(artifact("perturbation", "tiny", "neighbours.parquet")))) == 3
