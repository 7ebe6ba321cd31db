"""Tone: a steady sine of 1 kHz with soft edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import RATE

PITCH = 1000.0
"""Frequency in Hz."""
EDGE = RATE // 100
"""Samples over which it rises and falls, 10 ms."""


@trigger("tone", additive=True)
def tone(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the same tone every time: float64[length]."""
    to_edge = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1))
    envelope = np.sin(np.pi / 2 * np.minimum(to_edge / EDGE, 1.0)) ** 2
    return np.asarray(envelope * np.cos(2 * np.pi * PITCH * np.arange(length) / RATE))
