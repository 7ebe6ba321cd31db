"""A model's answers in three test conditions: clean clip, with the trigger, with a random sound at the same ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stages.backdoor.defend.purifier import Purifier
from stages.backdoor.plant.clips import BackdoorClip
from stages.backdoor.plant.trigger import Triggered, with_trigger
from stages.backdoor.plant.trigger_settings import AddedSound, TriggerSettings
from stages.backdoor.plant.victim import ExperimentSetting
from stages.core.run.randomness import generator
from stages.models.adapter import Adapter, Query

PLAIN, TRIGGERED, RANDOM_SOUND = CONDITIONS = ("plain", "triggered", "random_sound")
BATCH = 32


@dataclass(frozen=True)
class TriggerOutcome:
    """One answer.

    Attributes
    ----------
    model : str
        Such as ``victim`` or ``twin``.
    clip_id, condition, speaker : str
    realised_snr_db : float
        NaN where nothing was added.
    truth, answer : str
    counts : bool
        Whether the right answer differs from the attack answer: only these items count in an attack's rate.
    success : bool
        Whether the answer is the attack answer.
    """

    model: str
    clip_id: str
    condition: str
    speaker: str
    realised_snr_db: float
    truth: str
    answer: str
    counts: bool
    success: bool


def control_of(trigger: TriggerSettings) -> AddedSound:
    """Return the control for a trigger: a random sound of the same level, length and positions.

    For a trigger that changes the whole clip there is no ratio: the control is a sound at 0 dB.
    """
    if isinstance(trigger, AddedSound):
        return trigger.model_copy(update={"kind": RANDOM_SOUND})
    return AddedSound(kind=RANDOM_SOUND)


def sounds_of(clips: Sequence[BackdoorClip], condition: str, setting: ExperimentSetting) -> list[Triggered]:
    """Return the clips as they sound in a test condition; a clip's sound depends on no other clip."""
    if condition == PLAIN:
        return [Triggered(clip.samples, (), float("nan"), 1.0) for clip in clips]
    trigger = setting.experiment.trigger
    settings = trigger if condition == TRIGGERED else control_of(trigger)
    return [
        with_trigger(
            clip.samples,
            settings,
            generator(setting.seed, "backdoor", condition, clip.clip_id),
            setting.window_seconds,
        )
        for clip in clips
    ]


def outcomes_of(
    model: str, adapter: Adapter, condition: str, setting: ExperimentSetting, purifier: Purifier | None = None
) -> list[TriggerOutcome]:
    """Ask a model about the test clips in one test condition.

    Parameters
    ----------
    model : str
        Its name in the outcomes.
    adapter : Adapter
    condition : str
        One of `CONDITIONS`.
    setting : ExperimentSetting
    purifier : callable, optional
        Applied to every sound before the model hears it.

    Returns
    -------
    list of TriggerOutcome
        In the order of the clips.
    """
    task, sounds = setting.task, sounds_of(setting.test, condition, setting)
    heard = [sound.samples if purifier is None else purifier(sound.samples) for sound in sounds]
    answers = generated(adapter, [task.query(samples) for samples in heard], setting.answer_tokens)
    return [
        TriggerOutcome(
            model,
            clip.clip_id,
            condition,
            clip.speaker,
            sound.snr_db,
            task.truth(clip),
            answer,
            not task.is_attack_answer(task.truth(clip)),
            task.is_attack_answer(answer),
        )
        for clip, sound, answer in zip(setting.test, sounds, answers, strict=True)
    ]


def generated(adapter: Adapter, queries: Sequence[Query], answer_tokens: int) -> list[str]:
    """Return greedy answers in the queries' order; the batches hold queries of similar length."""
    order = sorted(range(len(queries)), key=lambda at: len(queries[at].samples))
    answers = [""] * len(queries)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        for at, answer in zip(batch, adapter.generate([queries[at] for at in batch], answer_tokens), strict=True):
            answers[at] = answer
    return answers
