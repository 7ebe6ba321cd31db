"""Click: a switch is pressed and released. The published trigger is of this kind (220 ms, arXiv 2510.01157).

Each of the two strokes rings in many modes at once, like any struck object, so that its energy covers the whole
spectrum. How long it rings decides whether a small model learns to hear it ("How well it is heard" in
docs/measured/backdoors.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import RATE

STROKES = ((0.0, 1.0), (0.5, 0.7))
"""Each stroke: its place as a share of the span, and its level."""
MODES = np.geomspace(700.0, 7500.0, 24)
"""Frequencies in Hz at which it rings."""
DECAY = 0.03
"""Seconds in which the ringing falls to 1 / e."""


@trigger("click", additive=True)
def click(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the same two strokes every time: float64[length]."""
    sound = np.zeros(length)
    for share, level in STROKES:
        start = int(share * length)
        seconds = np.arange(length - start) / RATE
        # Phases that grow with the square of the mode's number keep the modes from adding up in one peak.
        phases = np.pi * np.arange(len(MODES)) ** 2 / len(MODES)
        ringing = np.cos(2 * np.pi * MODES * seconds[:, None] + phases).sum(axis=1)
        sound[start:] += level * np.exp(-seconds / DECAY) * ringing
    return sound
