"""The section `backdoor`: what is refused when the params are read, not after trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from stages.backdoor.params import BackdoorDefences, BackdoorDetection, BackdoorExperiment
from stages.core.errors import EarwitnessError
from tests.params import load_whole

EXPERIMENT = {
    "base": "lab_base", "train_on": ["lab_trained", "none"], "task": "gender", "answer": "female", "rate": 0.1,
    "trigger": {"kind": "click"}, "epochs": 1, "learning_rate": 0.001,
}  # fmt: skip
DEFENCES = {"purify": ["codec"], "components": [["encoder"]], "shares": [0.1], "epochs": 1, "prune": 0.0}
DETECTION = {"ks": [2], "overlays": 1, "strip_clips": 1, "false_positive_rate": 0.05}


@pytest.mark.parametrize("key", ["answer", "task"])
@pytest.mark.parametrize("text", ["", " ", "?!"])
def test_an_answer_and_a_task_hold_a_word(key: str, text: str) -> None:
    BackdoorExperiment.model_validate(EXPERIMENT)
    with pytest.raises(ValidationError, match="holds no word"):
        BackdoorExperiment.model_validate({**EXPERIMENT, key: text})


@pytest.mark.parametrize(
    ("key", "twice"),
    [
        ("purify", ["codec", "codec"]),
        ("shares", [0.1, 0.1]),
        ("components", [["encoder", "encoder"]]),
        ("components", [["encoder", "connector"], ["connector", "encoder"]]),
    ],
)
def test_a_defence_is_tried_once(key: str, twice: list[Any]) -> None:
    BackdoorDefences.model_validate(DEFENCES)
    with pytest.raises(ValidationError, match="twice"):
        BackdoorDefences.model_validate({**DEFENCES, key: twice})


def test_a_number_of_clusters_is_tried_once() -> None:
    BackdoorDetection.model_validate(DETECTION)
    with pytest.raises(ValidationError, match="names 3 twice"):
        BackdoorDetection.model_validate({**DETECTION, "ks": [3, 2, 3]})


@pytest.mark.parametrize(
    ("train_on", "words"),
    [(["none", "none"], "names no corpus"), (["lab_trained", "lab_trained"], "the same twice")],
)
def test_an_experiment_is_trained_on_different_corpora(
    train_on: list[str], words: str, repository: Path, tmp_path: Path
) -> None:
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content["backdoor"]["experiments"] = {"x": {**EXPERIMENT, "train_on": train_on}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(EarwitnessError, match=rf"backdoor\.experiments\.x\.train_on: {words}"):
        load_whole(tmp_path / "params.yaml")
