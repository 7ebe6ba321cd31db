"""What a trigger is, the registry of them, and how one gets into a clip.

A trigger is a sound of its own that is added to the clip, or a change of the whole clip. What is added is mixed at a
true signal-to-noise ratio: the mean power of the utterance while somebody speaks over the mean power of the trigger
over its own span, whatever the clip's level and pauses. Where the mix would clip, all of it is turned down, which
leaves the ratio. It is placed where the model hears it: within the first seconds that reach the model, where a clip is
longer than these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.params import TriggerSettings
from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import within_range

FRAME = RATE // 50
"""Samples of a frame, 20 ms, over which speech is found to be active."""
ACTIVE = 10**-3.0
"""Frames within 30 dB of the loudest one count as speech; pauses between words lie below."""


@dataclass(frozen=True)
class Trigger:
    """One kind of trigger.

    Attributes
    ----------
    apply : callable
        Of one that is added, ``apply(length, rng) -> float64[length]``: the sound itself, at any level but silence.
        Of one that changes the clip, ``apply(samples: float32[n], amount) -> float[m]``.
    additive : bool
        Which of the two it is: only what is added has a position, repetitions and a signal-to-noise ratio.
    unit : str
        What `amount` means, for one that changes the clip.
    limits : (float, float)
        Between which `amount` may lie, both included.
    neutral : float
        The amount that changes nothing.
    control : bool
        Whether attacks are held against it, so that it cannot be one.
    """

    apply: Callable[..., NDArray[np.floating[Any]]]
    additive: bool
    unit: str = ""
    limits: tuple[float, float] = (0.0, 0.0)
    neutral: float = 0.0
    control: bool = False


TRIGGERS: Registry[Trigger] = Registry("trigger")
OF_SOUNDS = frozenset({"snr_db", "seconds", "position", "gaps"})
"""The settings that a trigger reads which is added; one that changes the whole clip reads `amount` alone."""


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
        By which the mix was turned down lest it clip.
    """

    samples: Samples
    positions: tuple[float, ...]
    snr_db: float
    scale: float


def check_trigger(settings: TriggerSettings, place: str = "trigger") -> None:
    """Check that a trigger is known, reads all that is set, and changes something by an amount within its limits.

    Parameters
    ----------
    settings : TriggerSettings
    place : str
        Where it is set, to be named in errors.

    Raises
    ------
    EarwitnessError
    """
    if settings.kind not in TRIGGERS:
        raise EarwitnessError(f"{place}.kind: unknown trigger {settings.kind!r}: use one of {', '.join(TRIGGERS)}")
    trigger = TRIGGERS[settings.kind]
    read = OF_SOUNDS if trigger.additive else {"amount"}
    for key in sorted(settings.model_fields_set - read - {"kind"}):
        raise EarwitnessError(
            f"{place}.{key}: {settings.kind} does not read it: take it out ({settings.kind} reads "
            f"{', '.join(sorted(read))})"
        )
    if not trigger.additive:
        _check_amount(settings, trigger, place)


def check_attack(trigger: TriggerSettings, place: str = "trigger") -> None:
    """Check the trigger of an attack; see `check_trigger`, and it is not the control itself.

    Raises
    ------
    EarwitnessError
    """
    check_trigger(trigger, place)
    if TRIGGERS[trigger.kind].control:
        raise EarwitnessError(
            f"{place}.kind: {trigger.kind} is the control beside every attack, and would be its own: choose another"
        )


def _check_amount(settings: TriggerSettings, trigger: Trigger, place: str) -> None:
    low, high = trigger.limits
    if not low <= settings.amount <= high:
        raise EarwitnessError(
            f"{place}.amount: {settings.kind}: must be {low:g} to {high:g} {trigger.unit}, not {settings.amount:g}"
        )
    if settings.amount == trigger.neutral:
        raise EarwitnessError(
            f"{place}.amount: {settings.kind}: {settings.amount:g} {trigger.unit} changes nothing: "
            f"choose another, from {low:g} to {high:g}"
        )


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
    if not trigger.additive:
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


def trigger_starts(n: int, length: int, settings: TriggerSettings, rng: np.random.Generator) -> list[int]:
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
