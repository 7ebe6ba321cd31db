"""Layers of every family, on a small checkpoint of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter, Query
from stages.models.families.encoder_decoder import EncoderDecoderAdapter
from stages.models.families.placeholder import PlaceholderAdapter
from stages.models.forward.layers import layer_stack, recorded
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.families import options
from tests.stages.models.sound_families import EVERY

MakeQuery = Callable[..., Query]
LAYERLESS = {"gemma4_unified", "vibevoice_asr"}
"""Families without an encoder, or with one that is a chain of convolutions of different rates."""


@pytest.fixture(scope="module")
def listener(family: tuple[str, Path]) -> Adapter:
    name, folder = family
    if name in LAYERLESS:
        pytest.skip("its encoder has no list of layers; the error is tested below")
    return load_checkpoint(folder.as_posix(), options(name))


@pytest.fixture(scope="module")
def queries(make_query: MakeQuery) -> list[Query]:
    return [
        make_query(1.3, "Anna buys the apple."),
        make_query(0.01, "", seed=1),
        make_query(5.5, "x" * 40, seed=2),
        make_query(3.0, "Another.", instruction="Who speaks?", seed=3),
    ]


@pytest.fixture(scope="module")
def together(listener: Adapter, queries: list[Query]) -> list[dict[str, torch.Tensor]]:
    return listener.layers(queries)


def test_every_layer_is_there_in_its_order(listener: Adapter, together: list[dict[str, torch.Tensor]]) -> None:
    second = "decoder" if isinstance(listener, EncoderDecoderAdapter) else "language_model"
    blocks = listener.decoder.config.num_hidden_layers if isinstance(listener, PlaceholderAdapter) else 2
    connector = [] if second == "decoder" else ["connector"]
    expected = ["encoder.input", "encoder.0", "encoder.1", *connector, *(f"{second}.{at}" for at in range(blocks))]
    for row in together:
        assert list(row) == expected
        assert all(vector.ndim == 1 and vector.dtype == torch.float32 for vector in row.values())
        assert all(torch.isfinite(vector).all() for vector in row.values())


def test_a_row_alone_is_as_in_a_batch(
    listener: Adapter, queries: list[Query], together: list[dict[str, torch.Tensor]]
) -> None:
    for query, row in zip(queries, together, strict=True):
        alone = listener.layers([query])[0]
        assert all(torch.allclose(alone[name], row[name], atol=1e-4, rtol=0) for name in row)


def test_the_text_has_no_say(listener: Adapter, queries: list[Query]) -> None:
    one, other = listener.layers([queries[0], replace(queries[0], text="Quite another.")])
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_sound_gives_another_row(listener: Adapter, together: list[dict[str, torch.Tensor]]) -> None:
    assert all((together[0][name] - together[3][name]).abs().max() > 1e-4 for name in together[0])


@pytest.mark.parametrize("name", ["whisper", "voxtral", "audioflamingo3"])
def test_silence_that_fills_a_window_is_not_pooled(name: str, tmp_path: Path, make_query: MakeQuery) -> None:
    """At 50 positions a second, 1.9 s of sound are 95 positions of a window of 100 or 200."""
    EVERY[name](tmp_path / name)
    listener = load_checkpoint((tmp_path / name).as_posix(), LoadOptions())
    encoder = listener.encoder if isinstance(listener, PlaceholderAdapter) else listener.model.get_encoder()
    with recorded("encoder", encoder) as seen:
        row = listener.layers([make_query(1.9, "")])[0]
    assert len(seen["encoder.1"]) in {100, 200}
    assert torch.allclose(row["encoder.1"], seen["encoder.1"][:95].mean(0), atol=1e-5)
    assert not torch.allclose(row["encoder.1"], seen["encoder.1"].mean(0), atol=1e-3)


def test_hooks_are_gone_after_an_error() -> None:
    part = torch.nn.Module()
    part.layers = torch.nn.ModuleList([torch.nn.Linear(2, 2)])
    with pytest.raises(RuntimeError), recorded("encoder", part):
        raise RuntimeError
    with recorded("encoder", part, entering=True) as seen:
        part.layers[0](torch.ones(1, 3, 2))
    assert {name: tuple(states.shape) for name, states in seen.items()} == {
        "encoder.input": (3, 2),
        "encoder.0": (3, 2),
    }
    assert not part.layers[0]._forward_hooks
    assert not part.layers[0]._forward_pre_hooks


@pytest.mark.parametrize("name", sorted(LAYERLESS))
def test_an_encoder_without_layers_is_named(name: str, tmp_path: Path, make_query: MakeQuery) -> None:
    EVERY[name](tmp_path / name)
    listener = load_checkpoint((tmp_path / name).as_posix(), LoadOptions())
    with pytest.raises(EarwitnessError, match="its layers cannot be probed"):
        listener.layers([make_query(1.0, "")])


def test_a_part_without_layers_is_named() -> None:
    with pytest.raises(EarwitnessError, match="Linear: no list of layers"):
        layer_stack(torch.nn.Linear(1, 1))
