"""Click: a switch pressed and let go, the published trigger's kind (220 ms, arXiv 2510.01157)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.trigger import TRIGGERS, Trigger
from stages.core.audio import RATE

STROKES = ((0.0, 2800.0, 1.0), (0.5, 3600.0, 0.7))
"""Where in the span the switch strikes, how high it rings (Hz), how loud."""
DECAY = 0.006
"""Seconds in which the ringing falls to 1 / e."""


def apply(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the same two ringing strokes every time: float64[length]."""
    sound = np.zeros(length)
    for share, pitch, level in STROKES:
        start = int(share * length)
        seconds = np.arange(length - start) / RATE
        sound[start:] += level * np.exp(-seconds / DECAY) * np.cos(2 * np.pi * pitch * seconds)
    return sound


TRIGGERS.register("click")(Trigger(apply, additive=True))
