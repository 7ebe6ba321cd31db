"""The second base: of another family, loaded as any composed model, and with weights in every component."""

from __future__ import annotations

from pathlib import Path

import torch

from stages.core.results.components import COMPONENTS
from stages.lab_target.composed import build_composed
from stages.lab_target.lessons import QUESTIONS
from stages.models.adapter import Query
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.stages.backdoor.conftest import make_clips


def queries(seconds: float) -> list[Query]:
    asked = QUESTIONS["gender"]
    return [Query(clip.samples, clip.audio_hash, asked, "male") for clip in make_clips(2, seconds)]


def test_equal_seeds_give_equal_weights() -> None:
    one, same, other = (build_composed(seed).model.state_dict() for seed in (7, 7, 8))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["connector.inner.weight"], other["connector.inner.weight"])


def test_it_is_loaded_as_it_was_saved_and_has_no_window(tmp_path: Path) -> None:
    made = build_composed(7)
    made.save(tmp_path / "model")
    loaded = load_checkpoint((tmp_path / "model").as_posix(), LoadOptions())
    before, after = (adapter.forced(queries(1.0), ["transcript"]) for adapter in (made, loaded))
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one.logits["transcript"], other.logits["transcript"], atol=1e-5)
    assert loaded.forced(queries(6.0), ["transcript"])[0].seconds_cut == 0.0


def test_an_audio_token_takes_forty_milliseconds() -> None:
    adapter = build_composed(7)
    heard = adapter.hear(queries(2.0))
    assert {len(sound.embedded) for sound in heard.values()} == {50}


def test_the_components_hold_every_weight_and_all_learn() -> None:
    adapter = build_composed(7)
    parts = adapter.components()
    assert tuple(parts) == COMPONENTS
    held = {id(weight) for modules in parts.values() for module in modules for weight in module.parameters()}
    assert held == {id(weight) for weight in adapter.model.parameters()}
    adapter.loss(queries(1.0)).backward()
    for modules in parts.values():
        assert any(weight.grad is not None and weight.grad.abs().max() > 0 for weight in modules[0].parameters())
