"""Every defence is tried from the same victim, which is as before in the end; detectors find what is planted."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest
import torch

from stages.backdoor.defences import answered, defence_rows
from stages.backdoor.detection import activations, detection_metrics
from stages.backdoor.victim import Setting, lessons, prepare
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment


@pytest.fixture
def setting() -> Setting:
    return prepare(fresh, "base", make_clips(24), make_experiment(), BACKDOOR, 7)


def test_every_defence_has_a_row_and_the_victim_stays(setting: Setting, checkpoints: Path) -> None:
    victim = setting.load()
    before = {name: weight.clone() for name, weight in victim.model.state_dict().items()}
    rows = defence_rows(setting, victim, BACKDOOR.defences, 2)
    clean = round(0.5 * len(setting.training))
    assert [(row["defence"], row["components"], row["clips"]) for row in rows] == [
        ("low_pass", [], 0),
        ("clean_finetuning", ["encoder"], clean),
        ("fine_pruning", ["encoder", "connector", "language_model"], clean),
    ]
    assert all(0 <= row["der"] <= 1 and row["interval"][0] <= row["der"] <= row["interval"][1] for row in rows)
    after = victim.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_only_items_with_another_answer_count(setting: Setting) -> None:
    found = answered(setting.load(), setting, 2)
    assert len(found.attack) == sum(clip.attributes["gender"] != "female" for clip in setting.test)
    assert len(found.right) == len(setting.test)


def test_a_purification_changes_what_the_model_hears(setting: Setting) -> None:
    heard: list[int] = []
    answered(setting.load(), setting, 2, lambda samples: (heard.append(len(samples)), samples * 0)[1])
    assert len(heard) == 2 * len(setting.test)


def test_detectors_report_on_the_poison(setting: Setting) -> None:
    found = detection_metrics(setting, setting.load(), BACKDOOR.detection, 2)
    taught = [query for query in lessons(setting, poisoned=True) if query.text == "female"]
    assert (found["clips"], found["poisoned"]) == (len(taught), len(setting.poison))
    assert set(found["layers"]) == {"encoder", "hidden"}
    for layer in found["layers"].values():
        assert [row["k"] for row in layer["clustering"]["sweep"]] == [2, 3]
        assert layer["spectral"]["suspected"] == ceil(1.5 * len(setting.poison))
    assert 0 <= found["strip"]["rate"] <= 1


def test_activations_stand_in_the_order_of_the_clips(setting: Setting) -> None:
    queries = lessons(setting, poisoned=False)[:3]
    together = activations(setting.load(), queries)
    alone = activations(setting.load(), queries[1:2])
    for name, vectors in together.items():
        assert len(vectors) == 3
        assert vectors[1] == pytest.approx(alone[name][0], abs=1e-4)
