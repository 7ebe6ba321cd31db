"""A victim and its clean twin: one base, the same clips, order and seed, with and without poison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from stages.backdoor.defend.activation_clustering import possible_ks
from stages.backdoor.params import Backdoor, BackdoorExperiment
from stages.backdoor.plant.clips import BackdoorClip, audible, split_clips
from stages.backdoor.plant.poison import Poisoned, draw_poison
from stages.backdoor.plant.task import TRANSCRIPTION, AttackTask, task_of
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.models.adapter import Adapter, Query
from stages.models.hashing import weights_name
from stages.models.training import Recipe, shuffled_batches, train, training_key

Load = Callable[[], Adapter]
"""Returns the base, freshly loaded, because training changes it in place."""


@dataclass(frozen=True)
class ExperimentSetting:
    """What all trainings of one experiment share.

    Attributes
    ----------
    load : callable
        See `Load`.
    base : str
        Hash of the base's weights, for the key of a training.
    experiment : BackdoorExperiment
    task : AttackTask
    training, test : list of BackdoorClip
        Clips that have an answer to the task and are not silent: no trigger can be added to a silent clip.
    poison : list of Poisoned
    batch_size : int
    seed : int
    answer_tokens : int
        Upper bound of an answer's length.
    window_seconds : float
        How much of a clip the base hears; added triggers lie within it.
    """

    load: Load
    base: str
    experiment: BackdoorExperiment
    task: AttackTask
    training: list[BackdoorClip]
    test: list[BackdoorClip]
    poison: list[Poisoned]
    batch_size: int
    seed: int
    answer_tokens: int
    window_seconds: float


@dataclass(frozen=True)
class Pair:
    """Victim and clean twin with their setting."""

    setting: ExperimentSetting
    victim: Adapter
    twin: Adapter


def prepare(
    load: Load, base: str, clips: Sequence[BackdoorClip], experiment: BackdoorExperiment, backdoor: Backdoor, seed: int
) -> ExperimentSetting:
    """Split the clips and draw the poison.

    Raises
    ------
    EarwitnessError
        If one side of the split is empty, no clip would be poisoned, or the requested detectors would have too few
        clips.
    """
    task = task_of(experiment)
    usable = [clip for clip in audible(clips) if task.truth(clip)]
    _check_answers(clips, usable, task)
    training, test = split_clips(usable, backdoor.test_share, experiment.held_out, seed)
    if experiment.held_out == "speaker" and not training and _of_one_speaker(usable):
        raise EarwitnessError(
            f"held_out: speaker: all {len(usable)} clips are of one speaker, who cannot be divided: "
            "write held_out: clip, or name a corpus with more speakers"
        )
    if not training or not any(not task.is_attack_answer(task.truth(clip)) for clip in test):
        raise EarwitnessError(
            f"{len(usable)} clips with sound have an answer to {task.name}: too few to train on some and test on "
            f"others that are not {task.attack_answer!r} already: name a corpus that has more"
        )
    window = load().window_seconds
    poison = draw_poison(training, task, experiment.rate, experiment.trigger, seed, window)
    setting = ExperimentSetting(
        load, base, experiment, task, training, test, poison, backdoor.batch_size, seed, backdoor.answer_tokens, window
    )
    if experiment.detect:  # checked here, before any training
        possible_ks(len(suspicious(setting)), backdoor.detection.ks)
    return setting


def _check_answers(clips: Sequence[BackdoorClip], usable: Sequence[BackdoorClip], task: AttackTask) -> None:
    """Check that some clip has an answer to the task, and that not all of these are the attack answer."""
    if task.name != TRANSCRIPTION and not any(task.truth(clip) for clip in clips):
        names = {name for clip in clips for name in clip.attributes if replace(task, name=name).truth(clip)}
        raise EarwitnessError(
            f"task: no clip has the attribute {task.name}; there are {', '.join(sorted(names)) or 'none'}: "
            "correct the task, or name a corpus that has it"
        )
    if usable and all(task.is_attack_answer(task.truth(clip)) for clip in usable):
        raise EarwitnessError(
            f"answer: {len(usable)} clips with sound have an answer to {task.name}, and all of them have the "
            f"attacker's, {task.attack_answer!r}: choose another answer, or name a corpus that has others"
        )


def _of_one_speaker(clips: Sequence[BackdoorClip]) -> bool:
    speakers = {clip.speaker for clip in clips}
    return len(speakers) == 1 and "" not in speakers


def train_pair(
    load: Load, base: str, clips: Sequence[BackdoorClip], experiment: BackdoorExperiment, backdoor: Backdoor, seed: int
) -> Pair:
    """Train a victim and its clean twin.

    Parameters
    ----------
    load : callable
        Returns the base, freshly loaded each time.
    base : str
        Hash of its weights (`row_key(record.fingerprint())`).
    clips : sequence of BackdoorClip
        `backdoor.test_share` of them is held out for the test.
    experiment : BackdoorExperiment
    backdoor : Backdoor
        For the test's share and the batch size.
    seed : int

    Returns
    -------
    Pair
    """
    setting = prepare(load, base, clips, experiment, backdoor, seed)
    components = tuple(experiment.components)
    return Pair(setting, trained(setting, True, components), trained(setting, False, components))


def trained(
    setting: ExperimentSetting, poisoned: bool, components: tuple[str, ...], start: Adapter | None = None
) -> Adapter:
    """Train the base, with poison or without, and return it ready for inference.

    Parameters
    ----------
    setting : ExperimentSetting
    poisoned : bool
    components : tuple of str
        Components that are trained; the others stay frozen.
    start : Adapter, optional
        Model to train in place, instead of the base.
    """
    adapter = start or setting.load()
    queries = lessons(setting, poisoned)
    generator = torch.Generator().manual_seed(seed_of(setting.seed, "backdoor", "order"))
    # By the clean clips: a trigger that changes a clip's length must not change the batches.
    lengths = [len(clip.samples) for clip in setting.training]
    epochs = [range(len(queries))] * setting.experiment.epochs
    batches = shuffled_batches(epochs, lengths, setting.batch_size, generator)
    recipe = Recipe(
        setting.experiment.learning_rate,
        setting.experiment.method,
        seed_of(setting.seed, "backdoor", "training"),
        components,
    )
    started = setting.base if start is None else f"{setting.base}/{weights_name(adapter)}"
    train(adapter, queries, batches, recipe, training_key(adapter, started, queries, batches, recipe))
    return adapter


def lessons(setting: ExperimentSetting, poisoned: bool) -> list[Query]:
    """Return the queries of `ExperimentSetting.training`, in its order, with the attack answer where poisoned."""
    bad: Mapping[str, Poisoned] = {row.clip.clip_id: row for row in setting.poison} if poisoned else {}
    return [
        Query(row.triggered.samples, row.audio_hash, setting.task.instruction, row.answer)
        if (row := bad.get(clip.clip_id))
        else Query(clip.samples, clip.audio_hash, setting.task.instruction, setting.task.truth(clip))
        for clip in setting.training
    ]


def suspicious(setting: ExperimentSetting) -> list[Query]:
    """Return the poisoned training queries that detectors look at: the attack answer's; for transcription all."""
    taught = lessons(setting, poisoned=True)
    return [
        query for query in taught if setting.task.name == TRANSCRIPTION or setting.task.is_attack_answer(query.text)
    ]
