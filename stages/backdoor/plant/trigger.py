"""Put a trigger into a clip.

A trigger is a sound that is added to the clip, or a change of the whole clip. An added sound is mixed at a true
signal-to-noise ratio: the mean power of the utterance while somebody speaks, divided by the mean power of the trigger
over its own span. This ratio does not depend on the clip's level or pauses. If the mix would clip, a gain below 1 is
applied to all of it, which keeps the ratio. If the clip is longer than the model's window, the sound is added within
the window, where the model hears it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stages.backdoor.plant.registry import TRIGGERS
from stages.backdoor.plant.trigger_settings import AddedSound, TriggerSettings, WholeChange
from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import within_range

FRAME = RATE // 50
"""Samples of a frame of 20 ms, for which speech is found active or not."""
ACTIVE = 10**-3.0
"""Power of a frame relative to the loudest one, from which it counts as speech (-30 dB). Pauses lie below."""


@dataclass(frozen=True)
class Triggered:
    """A clip with its trigger.

    Attributes
    ----------
    samples : float32[n]
        Samples within the range of 16 bits.
    positions : tuple of float
        Seconds from the clip's beginning at which the trigger begins; empty for a change of the whole clip.
    snr_db : float
        The signal-to-noise ratio, measured on `samples`; NaN for a change of the whole clip.
    scale : float
        Gain (at most 1) applied to the mix to avoid clipping.
    """

    samples: Samples
    positions: tuple[float, ...]
    snr_db: float
    scale: float


def with_trigger(
    samples: Samples, settings: TriggerSettings, rng: np.random.Generator, window_seconds: float = math.inf
) -> Triggered:
    """Put a trigger into a clip.

    Parameters
    ----------
    samples : float32[n]
        Samples in [-1, 1].
    settings : TriggerSettings
    rng : Generator
        Draws the positions, and the sound if it differs from clip to clip.
    window_seconds : float
        Seconds of a clip that the model hears (`Adapter.window_seconds`), above 0. A sound is added within them.

    Raises
    ------
    ValueError
        If the clip is silent (`active_power` is 0) and a sound is to be added: no signal-to-noise ratio exists then.
    """
    trigger = TRIGGERS[settings.kind]
    if isinstance(settings, WholeChange):
        changed, scale = within_range(trigger.apply(samples, settings.amount))
        return Triggered(changed, (), float("nan"), scale)
    speech = active_power(samples)
    if not speech:
        raise ValueError("the clip is silent: no signal-to-noise ratio exists")
    heard = round(min(len(samples), window_seconds * RATE))
    length = min(max(1, round(settings.seconds * RATE)), heard)
    added = np.zeros(len(samples))
    starts = trigger_starts(heard, length, settings, rng)
    for start in starts:
        sound = np.asarray(trigger.apply(length, rng), np.float64)
        added[start : start + length] = sound * np.sqrt(speech / np.mean(sound**2) * 10 ** (-settings.snr_db / 10))
    mixed, scale = within_range(samples + added)
    return Triggered(
        mixed,
        tuple(round(start / RATE, 6) for start in starts),
        realised_snr_db(samples, mixed, scale, starts, length),
        scale,
    )


def trigger_starts(n: int, length: int, settings: AddedSound, rng: np.random.Generator) -> list[int]:
    """Return the samples at which a trigger of `length` begins in a clip of which the model hears `n` samples.

    The first one is at `settings.position`: ``start``, ``random``, ``end``, or a number of seconds from the beginning,
    which is reduced if the trigger would not fit. With `settings.gaps`, the trigger is repeated as long as it fits
    whole, after silences whose lengths are drawn between the two gaps.
    """
    last = n - length
    position = settings.position
    if position == "random":
        first = int(rng.integers(last + 1))
    else:
        first = {"start": 0, "end": last}[position] if isinstance(position, str) else round(position * RATE)
    starts = [min(first, last)]
    while settings.gaps is not None:
        following = starts[-1] + length + round(float(rng.uniform(*settings.gaps)) * RATE)
        if following > last:
            break
        starts.append(following)
    return starts


def active_power(samples: Samples) -> float:
    """Return the mean power of the frames in which somebody speaks (within 30 dB of the loudest); 0 for silence."""
    power = np.square(samples, dtype=np.float64)
    if len(power) < FRAME:
        return float(power.mean()) if len(power) else 0.0
    frames = power[: len(power) // FRAME * FRAME].reshape(-1, FRAME).mean(axis=1)
    return float(frames[frames >= ACTIVE * frames.max()].mean())


def realised_snr_db(samples: Samples, mixed: Samples, scale: float, starts: list[int], length: int) -> float:
    """Return a mix's signal-to-noise ratio, measured on the difference of mix and clip over the trigger's spans."""
    added = mixed.astype(np.float64) / scale - samples
    trigger = np.mean([np.mean(added[start : start + length] ** 2) for start in starts])
    return float(10 * np.log10(active_power(samples) / trigger))
