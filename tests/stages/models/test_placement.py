"""Layers that are offloaded to memory and disk give the plain load's numbers; what cannot be placed is one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter, Reduced
from stages.models.families.composed import ComposedModel
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.placement import (
    MEMORY,
    available_memory,
    device_map,
    is_spread,
    layers_of,
    require_whole,
    threads,
)
from tests.stages.models.conftest import MakeQuery
from tests.stages.models.families import options
from tests.stages.models.forward.test_layers import LAYERLESS

CLOSE = 1e-4


class Layered(torch.nn.Module):
    """In bytes of float32: an embedding of 40, a weight of 4 of its own, and layers of 16, 16 and 64."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Module()
        self.inner.embed = torch.nn.Embedding(5, 2)
        layers = [torch.nn.Sequential(torch.nn.Linear(2, size, bias=False)) for size in (2, 2, 8)]
        self.inner.layers = torch.nn.ModuleList(layers)
        self.scale = torch.nn.Parameter(torch.ones(1))


@pytest.mark.parametrize(
    ("first", "devices"),
    [
        (140, [0, 0, 0]),  # 44 outside the layers, and all 96 of these
        (139, [0, "cpu", "disk"]),  # of 95, 64 are kept for a layer that is brought there; 15 and 54 are left over
        (108, ["cpu", "cpu", "disk"]),
    ],
)
def test_layers_fill_the_devices_in_their_order(first: int, devices: list[int | str]) -> None:
    found = device_map(Layered(), {0: first, "cpu": 70}, width=4, in_layers=4)
    assert found == {"inner.embed": 0, "scale": 0, **{f"inner.layers.{at}": to for at, to in enumerate(devices)}}


def test_what_is_outside_the_layers_must_fit_on_the_first_device() -> None:
    with pytest.raises(ValueError, match=r"^0 has 0.00 GB for weights"):
        device_map(Layered(), {0: 107, "cpu": 70}, width=4, in_layers=4)


def test_stated_memory_is_read_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, "0=2GB,1=0.5GiB,cpu=100KB")
    assert list(available_memory().items()) == [(0, 2 * 10**9), (1, 2**29), ("cpu", 10**5)]


@pytest.mark.parametrize("stated", ["", "20GB", "0=20", "0=20GB;cpu=1GB", "0=-1GB"])
def test_memory_that_cannot_be_read_is_one_line(monkeypatch: pytest.MonkeyPatch, stated: str) -> None:
    monkeypatch.setenv(MEMORY, stated)
    with pytest.raises(EarwitnessError, match=f"^environment: {MEMORY}="):
        available_memory()


def memory_for(model: torch.nn.Module) -> str:
    """Return a statement of memory that holds what is outside the layers, and little more than one of them."""
    parts = [model.encoder, model.language_model] if isinstance(model, ComposedModel) else [model]
    return f"cpu={max(map(_least, parts)) / 1000:.3f}KB"


def _least(model: torch.nn.Module) -> float:
    layers = [4 * sum(weight.numel() for weight in layer.parameters()) for _, layer in layers_of(model)]
    return 4 * sum(weight.numel() for weight in model.parameters()) - sum(layers) + 1.2 * max(layers)


def reduce(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"log_probability": logits.log_softmax(-1).gather(-1, token_ids.to(logits.device)[:, None])[:, 0]}


def scores(rows: list[Reduced]) -> torch.Tensor:
    """Return all values of the rows in one line."""
    parts = [of_slice["log_probability"] for row in rows for of_slice in row.statistics.values()]
    return torch.cat([*parts, *(row.hidden for row in rows), *(row.encoder for row in rows)])


def compare(
    folder: Path, make_query: MakeQuery, monkeypatch: pytest.MonkeyPatch, stated: LoadOptions, probed: bool = True
) -> None:
    """Hold a checkpoint whose layers are offloaded to disk against the plain load."""
    plain = load_checkpoint(folder.as_posix(), stated)
    monkeypatch.setenv(MEMORY, memory_for(plain.model))
    spread = load_checkpoint(folder.as_posix(), stated.model_copy(update={"placement": "auto"}))
    assert any(weight.is_meta for weight in spread.model.parameters())
    assert is_spread(spread.model)
    assert not is_spread(plain.model)
    queries = [make_query(1.0, "Anna.", seed=1), make_query(1.0, "Anna sings.", seed=1), make_query(2.5, "Bo.", seed=2)]
    slices = ["transcript", "instruction", "audio"]
    both = [scores(adapter.reduced(queries, slices, reduce)) for adapter in (plain, spread)]
    assert torch.allclose(*both, atol=CLOSE, rtol=0)
    assert plain.generate(queries, 8) == spread.generate(queries, 8)
    if not probed:
        return
    layers = [adapter.layers(queries[:1])[0] for adapter in (plain, spread)]
    assert layers[0].keys() == layers[1].keys()
    assert all(torch.allclose(layers[0][key], layers[1][key], atol=CLOSE, rtol=0) for key in layers[0])


@pytest.mark.parametrize("family", ["qwen2_audio", "whisper", "composed"], indirect=True)
def test_offloaded_to_disk_a_model_gives_the_plain_loads_numbers(
    family: tuple[str, Path], make_query: MakeQuery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compare(family[1], make_query, monkeypatch, LoadOptions())


@pytest.mark.slow
def test_offloaded_to_disk_every_family_gives_the_plain_loads_numbers(
    family: tuple[str, Path], make_query: MakeQuery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compare(family[1], make_query, monkeypatch, options(family[0]), family[0] not in LAYERLESS)


@pytest.fixture
def offloaded(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(MEMORY, memory_for(load_checkpoint(checkpoint.as_posix(), LoadOptions()).model))
    return load_checkpoint(checkpoint.as_posix(), LoadOptions(placement="auto"))


def test_one_thread_alone_runs_a_spread_model(offloaded: Adapter, adapter: Adapter) -> None:
    assert threads(offloaded.model, 4) == 1
    assert threads(adapter.model, 4) == 4


def test_training_a_spread_model_is_one_line(offloaded: Adapter) -> None:
    with pytest.raises(EarwitnessError, match=r"^fine-tuning needs all weights at once.*placement: one_device$"):
        require_whole(offloaded.model, "fine-tuning")


def test_a_model_that_fits_on_one_device_is_loaded_plainly(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, "cpu=1GB")
    assert not is_spread(load_checkpoint(checkpoint.as_posix(), LoadOptions(placement="auto")).model)


def test_too_little_memory_is_one_line_that_names_the_checkpoint(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY, "cpu=10KB")
    with pytest.raises(EarwitnessError, match=rf"^{checkpoint}: placement 'auto': cpu has 0.00 GB for weights.*dtype$"):
        load_checkpoint(checkpoint.as_posix(), LoadOptions(placement="auto"))
