"""Spectral inversion: the spectrum is mirrored about 4 kHz, so that low and high frequencies swap."""

from __future__ import annotations

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import CEILING
from stages.neighbours.recipe import Recipe, perturbation


@perturbation("spectral_inversion", kind="audio")
def spectral_inversion(samples: Samples, rng: np.random.Generator) -> tuple[Samples, Recipe]:
    """Flip the sign of every other sample, so that f Hz becomes 8,000 - f Hz; nothing is drawn."""
    changed = samples.copy()
    changed[1::2] *= -1
    return np.minimum(changed, np.float32(CEILING)), {}
