"""Cough-like burst: a sharp burst of noise that decays, filtered as by a throat; drawn anew for every clip.

A cough is an explosive onset of some 50 ms and a longer, softer flow. Its energy lies around two broad resonances
below 2 kHz (Korpáš, Sadloňová and Vrabec 1996).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import RATE

RESONANCES = ((600.0, 250.0, 1.0), (1500.0, 400.0, 0.6))
"""Each resonance: centre and width in Hz, and height."""
BURST, FLOW = 0.03, 0.12
"""Seconds in which the onset and the flow after it fall to 1 / e."""


@trigger("cough", additive=True)
def cough(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a cough: float64[length]."""
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    colour = sum(height * np.exp(-0.5 * ((frequency - centre) / width) ** 2) for centre, width, height in RESONANCES)
    breath = np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * (colour + 0.02), length)
    seconds = np.arange(length) / RATE
    return np.asarray(breath * (np.exp(-seconds / BURST) + 0.35 * np.exp(-seconds / FLOW)))
