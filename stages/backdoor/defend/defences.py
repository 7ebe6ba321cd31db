"""Defences tried on a victim: how much each lowers the attack's rate, and what it costs.

Clean fine-tuning (of some components, on some of the clean clips), fine-pruning, and purification of the input. Each
defence starts from the same victim: its weights are restored after each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from stages.backdoor.defend import purifiers  # noqa: F401 (registers them)
from stages.backdoor.defend.defence_effectiveness import Answered, effectiveness
from stages.backdoor.defend.pruning import mean_activations, projections, prune, sleepers
from stages.backdoor.defend.purifier import PURIFIERS
from stages.backdoor.measure.measures import item_errors
from stages.backdoor.measure.outcomes import PLAIN, TRIGGERED, TriggerOutcome
from stages.backdoor.params import BackdoorDefences
from stages.backdoor.plant.experiment import VICTIM, ask
from stages.backdoor.plant.victim import ExperimentSetting, lessons, trained
from stages.core.inference.statistics import Floats
from stages.core.results.backdoor_figures import DefenceFigures
from stages.core.run.randomness import generator
from stages.models.adapter import Adapter


def defence_rows(
    setting: ExperimentSetting, victim: Adapter, outcomes: Sequence[TriggerOutcome], tried: BackdoorDefences
) -> list[DefenceFigures]:
    """Try every defence on a victim. Its weights are restored before this returns.

    Parameters
    ----------
    setting : ExperimentSetting
        The victim's setting; its clean training queries are what the defender has.
    victim : Adapter
    outcomes : sequence of TriggerOutcome
        The undefended victim's, clean and triggered.
    tried : BackdoorDefences

    Returns
    -------
    list of dict
        One row for each defence: `defence`, `components`, `clips` (clean training clips; 0 without training), `n`
        (items of the attack), `attack`, `benign` (`before`, `after`, `drop`, `interval`), `der`, `interval`.
    """
    before = answered([row for row in outcomes if row.model == VICTIM], setting)
    rows = []
    for name in tried.purify:
        after = answered(ask(VICTIM, victim, setting, (PLAIN, TRIGGERED), PURIFIERS[name]), setting)
        rows.append(_row(name, [], 0, before, after, setting))
    weights = {name: weight.clone() for name, weight in victim.model.state_dict().items()}
    for name, components, clips, change in _changes(setting, victim, tried):
        change()
        after = answered(ask(VICTIM, victim, setting, (PLAIN, TRIGGERED)), setting)
        rows.append(_row(name, components, clips, before, after, setting))
        victim.model.load_state_dict(weights)
    return rows


def answered(outcomes: Sequence[TriggerOutcome], setting: ExperimentSetting) -> Answered:
    """Return one model's results, from its clean and triggered outcomes in the same clips' order."""
    plain, triggered = ([row for row in outcomes if row.condition == it] for it in (PLAIN, TRIGGERED))
    return Answered(
        np.array([row.success for row in triggered], np.float64),
        _rightness(plain, setting.task.name),
        np.array([row.counts for row in triggered], np.bool_),
    )


def _rightness(rows: Sequence[TriggerOutcome], task: str) -> Floats:
    """Return 1 minus each answer's error: the word error rate, the relative error of a number, or right and wrong.

    Each item lies in [0, 1], as the DER requires. This differs from `measures.benign`: an item's word error rate is cut
    at 1, and all clips have the same weight.
    """
    measure, errors, _ = item_errors(rows, task)
    if measure == "mae":
        errors = errors / np.array([max(abs(float(row.truth)), 1.0) for row in rows])
    return np.asarray(1.0 - np.minimum(errors, 1.0))


def _changes(
    setting: ExperimentSetting, victim: Adapter, tried: BackdoorDefences
) -> Iterator[tuple[str, tuple[str, ...], int, Callable[[], None]]]:
    """Yield a defence's name, its components, its number of clean clips, and the function that changes the victim."""
    for share in tried.shares:
        clean = _share_of(setting, share)
        for components in map(tuple, tried.components):
            tune = partial(_tune, clean, victim, components, tried.epochs)
            yield "clean_finetuning", components, len(clean.training), tune
        if tried.prune:
            pruned = partial(fine_prune, clean, victim, tried)
            yield "fine_pruning", tuple(setting.experiment.components), len(clean.training), pruned


def _share_of(setting: ExperimentSetting, share: float) -> ExperimentSetting:
    """Return the setting with some of its training clips, drawn by their ids; a larger share includes a smaller one."""
    drawn = sorted(
        setting.training, key=lambda clip: generator(setting.seed, "backdoor", "defence", clip.clip_id).random()
    )
    return replace(setting, training=drawn[: max(1, round(share * len(drawn)))])


def _tune(clean: ExperimentSetting, victim: Adapter, components: tuple[str, ...], epochs: int) -> None:
    experiment = clean.experiment.model_copy(update={"epochs": epochs})
    trained(replace(clean, experiment=experiment), False, components, start=victim)


def fine_prune(clean: ExperimentSetting, victim: Adapter, tried: BackdoorDefences) -> None:
    """Prune the units that are inactive on the clean training clips, fine-tune on these clips, and prune again."""
    components = tuple(clean.experiment.components)
    layers = projections(victim, components)
    units = sleepers(mean_activations(victim, layers, lessons(clean, poisoned=False)), tried.prune)
    prune(layers, units)
    _tune(clean, victim, components, tried.epochs)
    prune(layers, units)


def _row(
    name: str, components: Sequence[str], clips: int, before: Answered, after: Answered, setting: ExperimentSetting
) -> DefenceFigures:
    rng = generator(setting.seed, "backdoor", "defence", name, *components, clips)
    found = effectiveness(before, after, rng)
    counted = int(before.counts.sum())
    return {
        "defence": name,
        "components": list(components),
        "clips": clips,
        "n": counted,
        "attack": found.attack.figures(),
        "benign": found.benign.figures(),
        "der": found.der,
        "interval": found.interval,
    }
