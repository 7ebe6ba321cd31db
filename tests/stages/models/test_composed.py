"""Composed models: any encoder, low-rank updates, the connector, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from stages.core.config.shared import SLICES
from stages.core.errors import EarwitnessError
from stages.lab_target.build import byte_tokenizer
from stages.models.adapter import Query
from stages.models.audibility import audio_effect, is_audible
from stages.models.families.composed import ComposedAdapter, Connector
from stages.models.hashing import checkpoint_files
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.models.families import composed, language

MakeQuery = Callable[..., Query]


def load(folder: Path) -> ComposedAdapter:
    adapter = load_checkpoint(folder.as_posix(), LoadOptions())
    assert isinstance(adapter, ComposedAdapter)
    return adapter


@pytest.mark.parametrize("encoder", ["hubert", "wav2vec2", "whisper"])
def test_any_encoder_can_be_composed(encoder: str, tmp_path: Path, make_query: MakeQuery) -> None:
    composed(tmp_path / "model", encoder)
    adapter = load(tmp_path / "model")
    queries = [make_query(0.5 * n, "Anna.", seed=n) for n in range(1, 11)]
    together = adapter.forced(queries, SLICES)
    for query, row in zip(queries, together, strict=True):
        alone = adapter.forced([query], SLICES)[0]
        assert all(torch.allclose(row.logits[name], alone.logits[name], atol=1e-4) for name in SLICES)
    assert is_audible(audio_effect(adapter, 7), 0.001)
    assert together[-1].seconds_cut == (1.0 if encoder == "whisper" else 0.0)


def test_low_rank_updates_are_merged(tmp_path: Path, make_query: MakeQuery) -> None:
    composed(tmp_path / "plain")
    composed(tmp_path / "updated", lora=True)
    query = make_query(1.0, "Anna.")
    plain, updated = (
        load(tmp_path / name).forced([query], ["transcript"])[0].logits["transcript"] for name in ("plain", "updated")
    )
    assert not torch.allclose(plain, updated, atol=1e-2)
    load(tmp_path / "updated").save(tmp_path / "merged")
    merged = load(tmp_path / "merged").forced([query], ["transcript"])[0].logits["transcript"]
    assert torch.allclose(merged, updated, atol=1e-4)


def test_the_hash_covers_every_part(tmp_path: Path) -> None:
    composed(tmp_path / "model", lora=True)
    folders = {path.parent.name for path in checkpoint_files(tmp_path / "model") if path.suffix == ".safetensors"}
    assert folders == {"model", "encoder", "language_model", "lora"}


def test_the_connector_loses_no_frame() -> None:
    connector = Connector(5, 3, 8, 4)
    frames = torch.randn(11, 3)
    assert connector(frames).shape == (3, 4)
    changed = frames.clone()
    changed[-1] += 1
    assert not torch.allclose(connector(frames)[-1], connector(changed)[-1])


def test_a_language_model_that_scales_its_logits_is_refused(tmp_path: Path) -> None:
    composed(tmp_path / "model")
    scaling = language(byte_tokenizer(), "granite")
    scaling.config.logits_scaling = 8.0
    scaling.save_pretrained(tmp_path / "model/language_model")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "model/language_model").config.logits_scaling == 8.0
    with pytest.raises(EarwitnessError, match="'granite' change what their head gives"):
        load(tmp_path / "model")
