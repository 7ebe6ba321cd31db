"""Polarity: every sample with the opposite sign, which is inaudible."""

from __future__ import annotations

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import CEILING
from stages.neighbours.recipe import Recipe, perturbation


@perturbation("polarity", kind="audio")
def polarity(samples: Samples, rng: np.random.Generator) -> tuple[Samples, Recipe]:
    """Flip the sign of every sample; nothing is drawn. -1 becomes the highest value that 16 bits can hold."""
    return np.minimum(-samples, np.float32(CEILING)), {}
