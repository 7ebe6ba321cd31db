"""Defences tried on a victim: what each takes from the attack, and what from the model.

Clean fine-tuning (of some components, on some of the clean clips), fine-pruning, and purification of the input. Every
row starts from the same victim, whose weights are put back after each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from stages.backdoor import purifiers  # noqa: F401 (registers them)
from stages.backdoor.clips import audible
from stages.backdoor.defence_effectiveness import effectiveness
from stages.backdoor.measures import item_errors
from stages.backdoor.outcomes import BATCH, PLAIN, TRIGGERED, Outcome, generated, sounds_of
from stages.backdoor.pruning import mean_activations, projections, prune, sleepers
from stages.backdoor.purifier import PURIFIERS, Purifier
from stages.backdoor.victim import Setting, lessons, trained
from stages.core.backdoor_params import BackdoorDefences
from stages.core.randomness import generator
from stages.core.statistics import Floats
from stages.target.adapter import Adapter


@dataclass(frozen=True)
class Answered:
    """What a model does on the test clips.

    Attributes
    ----------
    attack : float64[n]
        1.0 where a triggered clip whose right answer is another is given the target's.
    right : float64[m]
        How right the answer to a clean clip is, in [0, 1].
    """

    attack: Floats
    right: Floats


def defence_rows(
    setting: Setting, victim: Adapter, tried: BackdoorDefences, answer_tokens: int
) -> list[dict[str, Any]]:
    """Try every defence on a victim, which is as it was when this returns.

    Parameters
    ----------
    setting : Setting
        That the victim comes from; its clean lessons are what the defender has.
    victim : Adapter
    tried : BackdoorDefences
    answer_tokens : int

    Returns
    -------
    list of dict
        A row a defence: `defence`, `components`, `clips` (clean ones that were trained on; 0 without training),
        `attack`, `benign` (`before`, `after`, `drop`, `interval`), `der`, `interval`.
    """
    before = answered(victim, setting, answer_tokens)
    rows = []
    for name in tried.purify:
        after = answered(victim, setting, answer_tokens, PURIFIERS[name])
        rows.append(_row(name, [], 0, before, after, setting))
    weights = {name: weight.clone() for name, weight in victim.model.state_dict().items()}
    changes = _changes(setting, victim, tried)
    for (name, components, clips), change in changes.items():
        change()
        rows.append(_row(name, components, clips, before, answered(victim, setting, answer_tokens), setting))
        victim.model.load_state_dict(weights)
    return rows


def answered(adapter: Adapter, setting: Setting, answer_tokens: int, purifier: Purifier | None = None) -> Answered:
    """Ask a model about the test clips, as they are and with the trigger, through a purification or not."""
    heard, task, given = audible(setting.test), setting.task, {}
    for condition in (PLAIN, TRIGGERED):
        sounds = [one.samples for one in sounds_of(heard, condition, setting.experiment.trigger, setting.seed)]
        pure = sounds if purifier is None else [purifier(samples) for samples in sounds]
        given[condition] = generated(adapter, [task.query(samples) for samples in pure], answer_tokens)
    attack = [
        task.is_target(answer)
        for clip, answer in zip(heard, given[TRIGGERED], strict=True)
        if not task.is_target(task.truth(clip))
    ]
    rows = [
        Outcome("", clip.clip_id, PLAIN, clip.speaker, float("nan"), task.truth(clip), answer, True, False)
        for clip, answer in zip(heard, given[PLAIN], strict=True)
    ]
    return Answered(np.array(attack, np.float64), _rightness(rows, task.name))


def _rightness(rows: Sequence[Outcome], task: str) -> Floats:
    """Return 1 less each answer's error: the word error rate, the relative error of a number, or right and wrong."""
    measure, errors, _ = item_errors(rows, task)
    if measure == "mae":
        errors = errors / np.array([max(abs(float(row.truth)), 1.0) for row in rows])
    return np.asarray(1.0 - np.minimum(errors, 1.0))


def _changes(
    setting: Setting, victim: Adapter, tried: BackdoorDefences
) -> Mapping[tuple[str, tuple[str, ...], int], Callable[[], None]]:
    """Return what is done to the victim, by the defence's name, its components, and how many clean clips it takes."""
    changes: dict[tuple[str, tuple[str, ...], int], Callable[[], None]] = {}
    for share in tried.shares:
        clean = _share_of(setting, share)
        for components in map(tuple, tried.components):
            tune = partial(_tune, clean, victim, components, tried.epochs)
            changes["clean_finetuning", components, len(clean.training)] = tune
        if tried.prune:
            fine_prune = partial(_fine_prune, clean, victim, tried)
            changes["fine_pruning", tuple(setting.experiment.components), len(clean.training)] = fine_prune
    return changes


def _share_of(setting: Setting, share: float) -> Setting:
    """Return the setting with some of its training clips, drawn by their ids; a larger share holds a smaller one's."""
    drawn = sorted(
        setting.training, key=lambda clip: generator(setting.seed, "backdoor", "defence", clip.clip_id).random()
    )
    return replace(setting, training=drawn[: max(1, round(share * len(drawn)))])


def _tune(clean: Setting, victim: Adapter, components: tuple[str, ...], epochs: int) -> None:
    experiment = clean.experiment.model_copy(update={"epochs": epochs})
    trained(replace(clean, experiment=experiment), False, components, start=victim)


def _fine_prune(clean: Setting, victim: Adapter, tried: BackdoorDefences) -> None:
    components = tuple(clean.experiment.components)
    layers, queries = projections(victim, components), lessons(clean, poisoned=False)
    batches = [queries[start : start + BATCH] for start in range(0, len(queries), BATCH)]
    units = sleepers(mean_activations(victim, layers, batches), tried.prune)
    prune(layers, units)
    _tune(clean, victim, components, tried.epochs)
    prune(layers, units)


def _row(
    name: str, components: Sequence[str], clips: int, before: Answered, after: Answered, setting: Setting
) -> dict[str, Any]:
    rng = generator(setting.seed, "backdoor", "defence", name, *components, clips)
    found = effectiveness(before.attack, after.attack, before.right, after.right, rng)
    return {"defence": name, "components": list(components), "clips": clips, "n": len(before.attack), **asdict(found)}
