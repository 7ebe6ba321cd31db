"""Clips that need no file, an experiment on them, and the lab's model before training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.backdoor.params import Backdoor, BackdoorExperiment
from stages.backdoor.plant.clips import BackdoorClip
from stages.backdoor.plant.trigger_settings import AddedSound
from stages.core.sound.audio import audio_hash
from stages.lab_target.build import build_adapter
from stages.models import training
from stages.models.families.qwen2_audio import Qwen2AudioAdapter

MakeClips = Callable[..., list[BackdoorClip]]


def make_clips(count: int, seconds: float = 0.5) -> list[BackdoorClip]:
    """Return clips of six speakers, the odd ones of whom are female."""
    clips = []
    for number in range(count):
        samples = np.random.default_rng(number).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32)
        gender = "female" if number % 2 else "male"
        clips.append(
            BackdoorClip(
                f"c{number:03d}", samples, audio_hash(samples), f"Number {number}.", f"s{number % 6}",
                {"gender": gender, "age": str(20 + number % 6)},
            )
        )  # fmt: skip
    return clips


def make_experiment(**changes: object) -> BackdoorExperiment:
    """Return a short experiment: the answer female to a click."""
    settings: dict[str, object] = {"base": "lab_base", "train_on": ["some", "none"], "task": "gender"}
    settings |= {"answer": "female", "rate": 0.2, "trigger": AddedSound(kind="click"), "epochs": 1}
    return BackdoorExperiment.model_validate({**settings, "learning_rate": 1e-3, **changes})


SETTINGS = {
    "test_share": 0.34,
    "batch_size": 4,
    "answer_tokens": 4,
    "experiments": {},
    "defences": {"purify": ["low_pass"], "components": [["encoder"]], "shares": [0.5], "epochs": 1, "prune": 0.5},
    "detection": {"ks": [2, 3], "overlays": 2, "strip_clips": 6, "false_positive_rate": 0.2},
    "scan": {"clips": 6, "prompts": ["Who?"], "bank": {"click": {"kind": "click"}}, "alpha": 0.05, "margin": 0.3},
}
BACKDOOR = Backdoor.model_validate(SETTINGS)


def fresh() -> Qwen2AudioAdapter:
    """Return the untrained model, the same every time."""
    return build_adapter(7)


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trainings keep their state, away from the repository."""
    monkeypatch.setattr(training, "CHECKPOINTS", tmp_path)
    return tmp_path
