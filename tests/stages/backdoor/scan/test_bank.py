"""Answers to a bank: one for each clip, prompt and trigger, asked once and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.backdoor.plant.trigger_settings import AddedSound, WholeChange
from stages.backdoor.scan.bank import NO_TRIGGER, Asking, ScannedModel, bank_answers, sound_of
from stages.core.sound.audio import RATE
from stages.models.adapter import Adapter, Query
from tests.stages.backdoor.conftest import fresh, make_clips

FINGERPRINT = {"weight_hash": "w", "architecture": "qwen2_audio", "dtype": "float32", "attention": "sdpa"}
BANK = {"click": AddedSound(kind="click"), "softer": WholeChange(kind="volume", amount=-6)}


def asking(count: int, **changes: object) -> Asking:
    settings: dict[str, object] = {"prompts": ["Who?", "What?"], "bank": BANK, "answer_tokens": 3, "seed": 7}
    settings["window_seconds"] = 4.0
    return Asking(clips=make_clips(count), **{**settings, **changes})  # type: ignore[arg-type]


def never() -> Adapter:
    raise AssertionError("loaded although every answer is known")


def subject(load: Callable[[], Adapter], weights: str = "w", **changes: Any) -> ScannedModel:
    return ScannedModel("model", FINGERPRINT | {"weight_hash": weights}, load, **changes)


def test_answers_are_those_of_the_model_in_the_order_of_the_clips(workplace: Path) -> None:
    asked = asking(3)
    answers = bank_answers(subject(fresh), asked)
    assert set(answers) == {(prompt, name) for prompt in asked.prompts for name in (NO_TRIGGER, *BANK)}
    sounds = [sound_of(clip, "click", asked) for clip in asked.clips]
    expected = fresh().generate([Query(*sound, "What?", "") for sound in sounds], 3)
    assert answers["What?", "click"] == expected


def test_known_answers_are_read_without_the_model(workplace: Path) -> None:
    answers = bank_answers(subject(fresh), asking(2))
    assert bank_answers(subject(never), asking(2)) == answers


def test_other_weights_are_asked(workplace: Path) -> None:
    bank_answers(subject(fresh), asking(2))
    with pytest.raises(AssertionError, match="loaded"):
        bank_answers(subject(never, weights="v"), asking(2))


def test_another_clip_is_asked_about(workplace: Path) -> None:
    bank_answers(subject(fresh), asking(2))
    with pytest.raises(AssertionError, match="loaded"):
        bank_answers(subject(never), asking(3))


def test_a_model_that_is_not_pinned_is_asked_in_every_run(workplace: Path) -> None:
    answers = bank_answers(subject(fresh, pinned=False), asking(2))
    changed = fresh()
    changed.model.lm_head.weight.data *= -1
    others = bank_answers(subject(lambda: changed, pinned=False), asking(2))
    assert others != answers
    assert others == bank_answers(subject(lambda: changed, weights="changed"), asking(2))


def test_a_trigger_sounds_within_what_all_the_models_hear() -> None:
    whole, first = asking(1), asking(1, window_seconds=0.25)  # of half a second
    clip = whole.clips[0]
    changed = sound_of(clip, "click", first)[0] != clip.samples
    assert changed[: RATE // 4].any()
    assert not changed[RATE // 4 :].any()
    assert np.array_equal(sound_of(clip, "click", whole)[0], sound_of(clip, "click", asking(1, window_seconds=0.5))[0])


def test_a_trigger_sounds_where_it_did_whatever_stands_beside_it() -> None:
    few, many = asking(1), asking(3, bank={**BANK, "tone": AddedSound(kind="tone")})
    assert np.array_equal(sound_of(few.clips[0], "click", few)[0], sound_of(many.clips[0], "click", many)[0])
    assert not np.array_equal(sound_of(many.clips[0], "click", many)[0], many.clips[0].samples)
    assert sound_of(few.clips[0], NO_TRIGGER, few)[1] == few.clips[0].audio_hash
