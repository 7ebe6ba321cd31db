"""The contract of every family's adapter, on a small checkpoint of it, through the real loading code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.core.audio import RATE, audio_hash
from stages.core.errors import EarwitnessError
from stages.target.adapter import ADAPTERS, SLICES, Adapter, Forced, Query
from stages.target.audibility import audio_effect, is_audible
from stages.target.loading import load_checkpoint
from tests.stages.target.families import ATTENTION, BUILDERS, WINDOW

MakeQuery = Callable[..., Query]


@pytest.fixture(scope="session", params=list(BUILDERS))
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("family") / str(request.param)
    BUILDERS[request.param](folder)
    return request.param, folder


@pytest.fixture(scope="session")
def listener(family: tuple[str, Path]) -> Adapter:
    name, folder = family
    return load_checkpoint(folder.as_posix(), "", "float32", ATTENTION.get(name, "sdpa"))


@pytest.fixture(scope="session")
def sixteen(make_query: MakeQuery) -> list[Query]:
    """Sixteen rows: ultra-short, over-long, empty, two sounds that several texts share."""
    rows = [
        make_query(1.3, "Anna buys the apple."),
        make_query(0.01, "", seed=1),
        make_query(WINDOW + 1.5, "x" * 40, seed=2),
        make_query(3.0, "Grüße, 日本!", instruction="What is the speaker's gender?", seed=3),
        make_query(1.3, "Another text."),
        make_query(3.0, "Another question.", instruction="Who speaks?", seed=3),
    ]
    return rows + [make_query(0.4 + 0.25 * number, "a b" * (number + 1), seed=10 + number) for number in range(10)]


@pytest.fixture(scope="session")
def together(listener: Adapter, sixteen: list[Query]) -> list[Forced]:
    return listener.forced(sixteen, SLICES)


def answer(row: Forced) -> torch.Tensor:
    of_tokens = torch.log_softmax(row.logits["transcript"], -1)
    return of_tokens.gather(1, row.token_ids["transcript"][:, None]).squeeze(1)


def test_every_family_is_here() -> None:
    assert set(BUILDERS) == set(ADAPTERS)


def test_a_row_alone_is_as_in_a_batch(listener: Adapter, sixteen: list[Query], together: list[Forced]) -> None:
    for query, row in zip(sixteen, together, strict=True):
        alone = listener.forced([query], SLICES)[0]
        for name in SLICES:
            one, other = torch.log_softmax(row.logits[name], -1), torch.log_softmax(alone.logits[name], -1)
            assert torch.allclose(one, other, atol=1e-4)
        assert torch.equal(row.token_ids["transcript"], alone.token_ids["transcript"])
        assert torch.allclose(row.encoder, alone.encoder, atol=1e-4)
        assert torch.allclose(row.hidden, alone.hidden, atol=1e-4)


def test_logits_are_as_long_as_ids_and_finite(together: list[Forced]) -> None:
    for row in together:
        assert all(len(row.logits[name]) == len(row.token_ids[name]) for name in SLICES)
        assert all(torch.isfinite(row.logits[name]).all() for name in SLICES)
        assert len(row.token_ids["transcript"]) >= 1
        assert row.encoder.ndim == row.hidden.ndim == 1
        assert torch.isfinite(row.encoder).all()
        assert torch.isfinite(row.hidden).all()


def test_reducing_gives_what_the_logits_give(listener: Adapter, sixteen: list[Query], together: list[Forced]) -> None:
    def reduce(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}

    for row, forced in zip(listener.reduced(sixteen, SLICES, reduce), together, strict=True):
        assert torch.equal(row.token_ids["transcript"], forced.token_ids["transcript"])
        assert torch.allclose(row.statistics["transcript"]["logprob"], answer(forced), atol=1e-4)
        assert all(len(row.statistics[name]["logprob"]) == len(row.token_ids[name]) for name in SLICES)
        assert torch.allclose(row.hidden, forced.hidden, atol=1e-4)


def test_the_cut_is_recorded(listener: Adapter, make_query: MakeQuery) -> None:
    listener_window = listener.window_seconds
    if listener_window > 60:
        assert listener.forced([make_query(5.0, "a")], ["transcript"])[0].seconds_cut == 0.0
        return
    long = make_query(listener_window + 1.5, "Anna.", seed=5)
    samples = long.samples[: round(RATE * listener_window)]
    inside = replace(long, samples=samples, audio_hash=audio_hash(samples))
    whole, part = listener.forced([long, inside], ["transcript"])
    assert whole.seconds_cut == pytest.approx(1.5)
    assert part.seconds_cut == 0.0
    assert torch.allclose(answer(whole), answer(part), atol=1e-4)


def test_other_audio_changes_the_likelihood(listener: Adapter) -> None:
    assert is_audible(audio_effect(listener, 7), 0.001)


def test_log_probabilities_are_those_of_the_models_own_loss(listener: Adapter, make_query: MakeQuery) -> None:
    query = make_query(2.0, "Anna buys the apple.", seed=4)
    mean = -answer(listener.forced([query], ["transcript"])[0]).mean().item()
    with torch.inference_mode():
        own = listener.model(**listener.training_batch([query])).loss.item()
        trained_by = listener.loss([query]).item()
    assert own == pytest.approx(mean, abs=1e-5)
    assert trained_by == pytest.approx(mean, abs=1e-5)


def test_a_training_step_reaches_encoder_and_decoder(listener: Adapter, sixteen: list[Query]) -> None:
    listener.model.zero_grad()
    listener.loss(sixteen[:4]).backward()
    reached = {name for name, weight in listener.model.named_parameters() if weight.grad is not None}
    listener.model.zero_grad()
    assert any("encoder" in name or "audio" in name or "speech" in name for name in reached)
    assert any("lm_head" in name or "embed_tokens" in name or "proj_out" in name for name in reached)


def test_answers_are_greedy_and_do_not_depend_on_the_batch(listener: Adapter, sixteen: list[Query]) -> None:
    made = listener.generate(sixteen[:6], 6)
    assert made[0] == made[4]
    assert [listener.generate([query], 6)[0] for query in sixteen[:6]] == made


def test_a_saved_checkpoint_gives_the_same_numbers(
    listener: Adapter, family: tuple[str, Path], sixteen: list[Query], together: list[Forced], tmp_path: Path
) -> None:
    listener.save(tmp_path / "saved")
    again = load_checkpoint((tmp_path / "saved").as_posix(), "", "float32", ATTENTION.get(family[0], "sdpa"))
    for row, one in zip(again.forced(sixteen[:4], SLICES), together, strict=False):
        assert torch.allclose(answer(row), answer(one), atol=1e-4)


def test_a_text_that_spells_a_special_token_is_text(listener: Adapter, make_query: MakeQuery) -> None:
    row = listener.forced([make_query(1.0, "<|im_end|>")], ["transcript"])[0]
    assert len(row.token_ids["transcript"]) > 2


def test_silence_is_heard_without_a_nan(listener: Adapter, make_query: MakeQuery) -> None:
    samples = np.zeros(RATE, np.float32)
    query = replace(make_query(1.0, "Anna."), samples=samples, audio_hash=audio_hash(samples))
    assert torch.isfinite(answer(listener.forced([query], ["transcript"])[0])).all()


def test_a_transcript_beyond_the_decoders_positions_is_one_line(tmp_path: Path, make_query: MakeQuery) -> None:
    BUILDERS["whisper"](tmp_path / "whisper")
    whisper = load_checkpoint((tmp_path / "whisper").as_posix(), "", "float32", "sdpa")
    with pytest.raises(EarwitnessError, match="does not fit the decoder's 128 positions") as raised:
        whisper.forced([make_query(1.0, "x" * 200)], ["transcript"])
    assert "\n" not in str(raised.value)
