"""Reverberation: the clip in a room, modelled by decaying noise (Moorer 1979)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import within_range
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within

PREDELAY = 0.002
"""Seconds between the direct sound and the first reflections."""


class ReverberationSettings(PerturbationSettings):
    """Ranges of the reverberation time and of the direct-to-reverberant ratio."""

    seconds: Annotated[Span, within(0.05, 5)]
    direct_db: Annotated[Span, within(-20, 40)]


@perturbation("reverberation", kind="audio", settings=ReverberationSettings)
def reverberation(
    samples: Samples, rng: np.random.Generator, *, seconds: Sequence[float], direct_db: Sequence[float]
) -> tuple[Samples, Recipe]:
    """Add reflections after the direct sound, which keeps its place in time.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    seconds : [from, to]
        Range of the time in which the reflections fall by 60 dB.
    direct_db : [from, to]
        Range of the ratio of the direct sound's energy to that of all reflections, in dB.

    Returns
    -------
    samples : float32[n]
        Reflections after the clip's end are cut off.
    recipe : dict
        `seconds`, `direct_db`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    length, ratio = uniform(rng, seconds), uniform(rng, direct_db)
    room = response(length, ratio, rng)
    size = len(samples) + len(room)
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(room, size), size)[: len(samples)]
    changed, scale = within_range(heard)
    return changed, {"seconds": length, "direct_db": ratio, "scale": scale}


def response(seconds: float, direct_db: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a room's impulse response: 1 at time 0, then noise that falls by 60 dB in `seconds`."""
    time = np.arange(int(1.2 * seconds * RATE) + 1) / RATE  # until the noise has fallen by 72 dB
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds) * (time >= PREDELAY)
    room = tail * np.sqrt(10 ** (-direct_db / 10) / max(float(tail @ tail), 1e-30))
    room[0] = 1.0
    return np.asarray(room)
