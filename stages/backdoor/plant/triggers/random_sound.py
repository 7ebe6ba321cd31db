"""Random sound: noise with another frequency band and another envelope in every clip, so that no clips share a trigger.

It is the control of every attack: a model that answers it as it answers its trigger reacts to any disturbance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import RATE

LOWEST, HIGHEST = 100.0, 7000.0
"""Frequencies in Hz between which the band's edges are drawn, evenly on a logarithmic scale."""
LEAST_OCTAVES = 0.5
KNOTS = 4
"""Number of levels of the envelope, which is linear between them."""


@trigger("random_sound", additive=True, control=True)
def random_sound(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a band and an envelope, then the noise: float64[length]."""
    octaves = np.log2(HIGHEST / LOWEST)
    width = rng.uniform(LEAST_OCTAVES, octaves)
    low = LOWEST * 2 ** rng.uniform(0, octaves - width)
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    band = np.where((frequency >= low) & (frequency <= low * 2**width), 1.0, 0.01)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * band, length)
    course = np.interp(np.linspace(0, KNOTS - 1, length), np.arange(KNOTS), rng.uniform(0.1, 1.0, KNOTS))
    return np.asarray(noise * course)
