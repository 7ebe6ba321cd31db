"""One experiment: outcomes, rates, component grid and shift, from its setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.backdoor.defend.purifier import Purifier
from stages.backdoor.measure.localise import grid_models, grid_name, grid_rows
from stages.backdoor.measure.measures import benign, benign_difference, rate
from stages.backdoor.measure.outcomes import (
    CONDITIONS,
    PLAIN,
    RANDOM_SOUND,
    TRIGGERED,
    TriggerOutcome,
    outcomes_of,
    sounds_of,
)
from stages.backdoor.measure.shift import embeddings, relative_shift
from stages.backdoor.plant.clips import drawn_clips
from stages.backdoor.plant.registry import TRIGGERS
from stages.backdoor.plant.trigger_settings import AddedSound, TriggerSettings
from stages.backdoor.plant.victim import ExperimentSetting, Pair
from stages.core.results.backdoor import BackdoorResult
from stages.core.results.backdoor_figures import BenignMeasure, GridRow, LayerShift, TriggerFigures
from stages.core.run.randomness import generator
from stages.models.adapter import Adapter

VICTIM, TWIN = "victim", "twin"
SHIFTED_CLIPS = 60
"""Number of clips over which the shift is measured, one forward each."""


def ask(
    model: str,
    adapter: Adapter,
    setting: ExperimentSetting,
    conditions: Sequence[str] = CONDITIONS,
    purifier: Purifier | None = None,
) -> list[TriggerOutcome]:
    """Return a model's outcomes on the test clips in every test condition; see `outcomes_of`."""
    return [row for condition in conditions for row in outcomes_of(model, adapter, condition, setting, purifier)]


def attack_result(name: str, setting: ExperimentSetting, outcomes: Sequence[TriggerOutcome]) -> BackdoorResult:
    """Return the figures that every experiment has, from the outcomes of victim and twin."""
    found = {
        "experiment": name,
        "base": setting.experiment.base,
        "task": setting.task.name,
        "answer": setting.task.attack_answer,
        "trigger": _trigger_figures(setting.experiment.trigger),
        "settings": _settings(setting),
        "window_seconds": setting.window_seconds,
        "clips": {
            "training": len(setting.training),
            "poisoned": len(setting.poison),
            "test": len({row.clip_id for row in outcomes}),
            "test_with_another_answer": len({row.clip_id for row in outcomes if row.counts}),
        },
        "snr_error_db": snr_error(setting, outcomes),
        "aer": rate(outcomes, VICTIM, TRIGGERED),
        "controls": {
            "victim_plain": rate(outcomes, VICTIM, PLAIN),
            "victim_random_sound": rate(outcomes, VICTIM, RANDOM_SOUND),
            "twin_triggered": rate(outcomes, TWIN, TRIGGERED),
            "twin_plain": rate(outcomes, TWIN, PLAIN),
        },
        "benign": {
            **{model: benign_of(setting, outcomes, model) for model in (VICTIM, TWIN)},
            "victim_worse_by": benign_difference(outcomes, VICTIM, TWIN, setting.task.name, _draws(setting)),
        },
    }
    return BackdoorResult.model_validate(found)


def _settings(setting: ExperimentSetting) -> dict[str, Any]:
    """Return the training's settings and the realised poisoned share."""
    kept = {"train_on", "held_out", "rate", "method", "components", "epochs", "learning_rate"}
    realised = len(setting.poison) / len(setting.training)
    return setting.experiment.model_dump(include=kept) | {"realised_rate": realised, "seed": setting.seed}


def _trigger_figures(trigger: TriggerSettings) -> TriggerFigures:
    kind = TRIGGERS[trigger.kind]
    return trigger.model_dump() | {"additive": kind.additive, "unit": kind.unit}


def benign_of(setting: ExperimentSetting, outcomes: Sequence[TriggerOutcome], model: str) -> BenignMeasure:
    """Return a model's benign measure."""
    return benign(outcomes, model, setting.task.name, _draws(setting))


def snr_error(setting: ExperimentSetting, outcomes: Sequence[TriggerOutcome]) -> float | None:
    """Return the largest difference between realised and requested ratio, in dB; None without a ratio."""
    trigger = setting.experiment.trigger
    if not isinstance(trigger, AddedSound):
        return None
    realised = [row.triggered.snr_db for row in setting.poison]
    realised += [row.realised_snr_db for row in outcomes if row.condition == TRIGGERED]
    return float(np.abs(np.array(realised) - trigger.snr_db).max())


def grid(pair: Pair) -> tuple[list[GridRow], list[TriggerOutcome]]:
    """Return the component grid and the outcomes that it comes from."""
    outcomes: list[TriggerOutcome] = []
    names = []
    for how, components, adapter in grid_models(pair):
        outcomes += ask(grid_name(how, components), adapter, pair.setting)
        names.append((how, components))
    return grid_rows(names, outcomes, lambda model: benign_of(pair.setting, outcomes, model)), outcomes


def shifts(pair: Pair) -> list[LayerShift]:
    """Return the shift of every layer of victim and twin under the trigger, and under a random sound."""
    setting, task = pair.setting, pair.setting.task
    others = [clip for clip in setting.test if not task.is_attack_answer(task.truth(clip))]
    clips = drawn_clips(others, SHIFTED_CLIPS, setting.seed, "shift")
    rows: list[LayerShift] = []
    for model, adapter in ((VICTIM, pair.victim), (TWIN, pair.twin)):
        found = {
            condition: embeddings(
                adapter, [task.query(sound.samples) for sound in sounds_of(clips, condition, setting)]
            )
            for condition in CONDITIONS
        }
        rows += [
            {
                "model": model,
                "condition": condition,
                "layer": layer,
                "n": len(clips),
                **relative_shift(found[PLAIN][layer], found[condition][layer]),
            }
            for condition in (TRIGGERED, RANDOM_SOUND)
            for layer in found[PLAIN]
        ]
    return rows


def _draws(setting: ExperimentSetting) -> np.random.Generator:
    return generator(setting.seed, "backdoor", "bootstrap")
