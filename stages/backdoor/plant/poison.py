"""The poison manifest: which training clips carry the trigger, where, how loud, and with which answer.

It is drawn once, from the seed and the clips' ids alone, and every epoch trains on the same poisoned sounds. Clips
whose right answer is the attack answer are never poisoned: they would teach nothing wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stages.backdoor.plant.clips import BackdoorClip
from stages.backdoor.plant.task import AttackTask
from stages.backdoor.plant.trigger import Triggered, with_trigger
from stages.backdoor.plant.trigger_settings import AddedSound, TriggerSettings, WholeChange
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator
from stages.core.schemas.backdoor import POISON_SCHEMA
from stages.core.sound.audio import audio_hash


@dataclass(frozen=True)
class Poisoned:
    """A clip with its trigger, and the attack answer that it teaches.

    Attributes
    ----------
    clip : BackdoorClip
        Without the trigger.
    triggered : Triggered
    answer : str
        The attack answer; `truth` is the right one.
    truth : str
    """

    clip: BackdoorClip
    triggered: Triggered
    answer: str
    truth: str

    @property
    def audio_hash(self) -> str:
        """Hash that names the poisoned sound."""
        return audio_hash(self.triggered.samples)


def draw_poison(
    clips: Sequence[BackdoorClip],
    task: AttackTask,
    rate: float,
    settings: TriggerSettings,
    seed: int,
    window_seconds: float = math.inf,
) -> list[Poisoned]:
    """Draw which clips are poisoned and put the trigger in.

    Parameters
    ----------
    clips : sequence of BackdoorClip
        Training clips; none is silent.
    task : AttackTask
    rate : float
        Share of all clips to poison. A higher rate poisons every clip that a lower rate poisons.
    settings : TriggerSettings
    seed : int
    window_seconds : float
        See `with_trigger`.

    Returns
    -------
    list of Poisoned
        Sorted by clip_id. Fewer than the rate where too few clips can be poisoned.

    Raises
    ------
    EarwitnessError
        If nothing would be poisoned: an experiment without poison is no result.
    """
    able = [clip for clip in clips if (truth := task.truth(clip)) and not task.is_attack_answer(truth)]
    drawn = sorted(able, key=lambda clip: generator(seed, "backdoor", "poison", clip.clip_id).random())
    chosen = sorted(drawn[: round(rate * len(clips))], key=lambda clip: clip.clip_id)
    if not chosen:
        raise EarwitnessError(
            f"no clip is poisoned: {len(clips)} clips train, {len(able)} of them have another answer to "
            f"{task.name} than {task.attack_answer!r}, and the rate is {rate:g}: raise the rate, "
            "choose another answer, or name a corpus whose clips have the attribute"
        )
    return [
        Poisoned(
            clip,
            with_trigger(clip.samples, settings, generator(seed, "backdoor", "trigger", clip.clip_id), window_seconds),
            task.attack_answer,
            task.truth(clip),
        )
        for clip in chosen
    ]


def poison_table(poison: Sequence[Poisoned], settings: TriggerSettings) -> pa.Table:
    """Return the manifest as `poison.parquet`.

    For a trigger that changes the whole clip the ratios are null and there are no positions; for one that is added the
    amount is null.
    """
    asked = settings.snr_db if isinstance(settings, AddedSound) else None
    return pa.Table.from_pylist(
        [
            {
                "clip_id": row.clip.clip_id,
                "trigger": settings.kind,
                "positions": list(row.triggered.positions),
                "snr_db": asked,
                "realised_snr_db": None if asked is None else row.triggered.snr_db,
                "amount": settings.amount if isinstance(settings, WholeChange) else None,
                "scale": row.triggered.scale,
                "truth": row.truth,
                "answer": row.answer,
                "audio_hash": row.audio_hash,
            }
            for row in poison
        ],
        POISON_SCHEMA,
    )
