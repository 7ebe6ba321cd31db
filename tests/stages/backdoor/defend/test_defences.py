"""Every defence is tried from the same victim, which is as before in the end; detectors find what is planted."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest
import torch

from stages.backdoor.defend.defences import answered, defence_rows, fine_prune
from stages.backdoor.defend.detection import activations, detection_metrics, strip_metrics
from stages.backdoor.defend.pruning import projections
from stages.backdoor.defend.purifier import check_purifications
from stages.backdoor.measure.outcomes import PLAIN, TRIGGERED, TriggerOutcome
from stages.backdoor.plant.experiment import VICTIM, ask
from stages.backdoor.plant.victim import ExperimentSetting, lessons, prepare
from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter
from tests.stages.backdoor.conftest import BACKDOOR, fresh, make_clips, make_experiment


@pytest.fixture
def setting() -> ExperimentSetting:
    return prepare(fresh, "base", make_clips(24), make_experiment(), BACKDOOR, 7)


def asked(setting: ExperimentSetting, victim: Adapter) -> list[TriggerOutcome]:
    return ask(VICTIM, victim, setting, (PLAIN, TRIGGERED))


def test_every_defence_has_a_row_and_the_victim_stays(setting: ExperimentSetting, checkpoints: Path) -> None:
    victim = setting.load()
    before = {name: weight.clone() for name, weight in victim.model.state_dict().items()}
    rows = defence_rows(setting, victim, asked(setting, victim), BACKDOOR.defences)
    clean = round(0.5 * len(setting.training))
    assert [(row["defence"], row["components"], row["clips"]) for row in rows] == [
        ("low_pass", [], 0),
        ("clean_finetuning", ["encoder"], clean),
        ("fine_pruning", ["encoder", "connector", "language_model"], clean),
    ]
    after = victim.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_an_unknown_purification_is_refused() -> None:
    with pytest.raises(EarwitnessError, match="unknown input purification 'prayer': use one of codec, low_pass"):
        check_purifications(["low_pass", "prayer"])


def test_shares_of_as_many_clips_have_a_row_each(setting: ExperimentSetting, checkpoints: Path) -> None:
    victim = setting.load()
    tried = BACKDOOR.defences.model_copy(update={"purify": [], "shares": [0.01, 0.02], "prune": 0.0})
    assert [row["clips"] for row in defence_rows(setting, victim, asked(setting, victim), tried)] == [1, 1]


def test_fine_tuning_leaves_pruned_units_pruned(setting: ExperimentSetting, checkpoints: Path) -> None:
    victim = setting.load()
    layers = projections(victim, tuple(setting.experiment.components))
    before = {name: layer.weight.clone() for name, layer in layers.items()}
    fine_prune(setting, victim, BACKDOOR.defences)
    for name, layer in layers.items():
        pruned = (layer.weight == 0).all(dim=0)
        assert pruned.sum() == layer.in_features // 2
        assert not torch.equal(layer.weight[:, ~pruned], before[name][:, ~pruned])  # the rest was trained


def test_only_items_with_another_answer_count(setting: ExperimentSetting) -> None:
    found = answered(asked(setting, setting.load()), setting)
    assert found.counts.tolist() == [clip.attributes["gender"] != "female" for clip in setting.test]
    assert len(found.attack) == len(found.right) == len(setting.test)


def test_a_purification_changes_what_the_model_hears(setting: ExperimentSetting) -> None:
    victim = setting.load()
    muted = ask(VICTIM, victim, setting, (PLAIN, TRIGGERED), lambda samples: samples * 0)
    assert len({row.answer for row in muted}) == 1  # all clips are as long, so silence is all that is left to hear
    assert len({row.answer for row in asked(setting, victim)}) > 1


def test_detectors_report_on_the_poison(setting: ExperimentSetting) -> None:
    found = detection_metrics(setting, setting.load(), BACKDOOR.detection)
    taught = [query for query in lessons(setting, poisoned=True) if query.text == "female"]
    assert (found["clips"], found["poisoned"]) == (len(taught), len(setting.poison))
    assert set(found["layers"]) == {"encoder", "hidden"}
    for layer in found["layers"].values():
        assert [row["k"] for row in layer["clustering"]["sweep"]] == [2, 3]
        assert layer["spectral"]["suspected"] == ceil(1.5 * len(setting.poison))


def test_strip_looks_at_no_more_clips_than_asked_and_triggers_those_with_another_answer(
    setting: ExperimentSetting,
) -> None:
    every = BACKDOOR.detection.model_copy(update={"strip_clips": 100})
    found = strip_metrics(setting, setting.load(), every)
    others = sum(clip.attributes["gender"] != "female" for clip in setting.test)
    assert (found["clean"], found["triggered"]) == (len(setting.test), others)
    assert strip_metrics(setting, setting.load(), BACKDOOR.detection)["clean"] == BACKDOOR.detection.strip_clips


def test_activations_stand_in_the_order_of_the_clips(setting: ExperimentSetting) -> None:
    queries = lessons(setting, poisoned=False)[:3]
    together = activations(setting.load(), queries)
    alone = activations(setting.load(), queries[1:2])
    for name, vectors in together.items():
        assert len(vectors) == 3
        assert vectors[1] == pytest.approx(alone[name][0], abs=1e-4)
