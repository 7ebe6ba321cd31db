"""How a trigger gets into a clip.

A trigger is a sound of its own that is added to the clip, or a change of the whole clip. What is added is mixed at a
true signal-to-noise ratio: the mean power of the utterance while somebody speaks over the mean power of the trigger
over its own span, whatever the clip's level and pauses. Where the mix would clip, all of it is turned down, which
leaves the ratio. It is placed where the model hears it: within the first seconds that reach the model, where a clip is
longer than these.
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
"""Samples of a frame, 20 ms, over which speech is found to be active."""
ACTIVE = 10**-3.0
"""Frames within 30 dB of the loudest one count as speech; pauses between words lie below."""


@dataclass(frozen=True)
class Triggered:
    """A clip with its trigger.

    Attributes
    ----------
    samples : float32[n]
        Within the range of 16 bits.
    positions : tuple of float
        Seconds from the clip's beginning at which the trigger sounds; empty for one that changes the whole clip.
    snr_db : float
        The ratio that was realised, measured on `samples`; NaN for one that changes the whole clip.
    scale : float
        By which the mix was turned down so that it does not clip.
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
        In [-1, 1].
    settings : TriggerSettings
    rng : Generator
        Of the positions, and of the sound where it differs from clip to clip.
    window_seconds : float
        What the model hears of a clip (`Adapter.window_seconds`): what is added lies within it, where the clip is
        longer. Above 0.

    Raises
    ------
    ValueError
        If the clip is silent (`active_power` is 0): there is no ratio to mix at.
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
    """Return the samples at which a trigger of `length` begins in a clip of which `n` samples are heard.

    The first is at `settings.position`: ``start``, ``random``, ``end``, or so many seconds from the beginning, moved
    forward where the trigger would not fit. With `settings.gaps`, it is repeated after silences drawn from there, as
    often as it fits whole.
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
    """Return the signal-to-noise ratio of a mix, from what was really added over the trigger's spans."""
    added = mixed.astype(np.float64) / scale - samples
    trigger = np.mean([np.mean(added[start : start + length] ** 2) for start in starts])
    return float(10 * np.log10(active_power(samples) / trigger))
