"""Time reversal: the clip backwards."""

from __future__ import annotations

import numpy as np

from stages.core.sound.audio import Samples
from stages.neighbours.recipe import Recipe, perturbation


@perturbation("time_reversal", kind="audio")
def time_reversal(samples: Samples, rng: np.random.Generator) -> tuple[Samples, Recipe]:
    """Return the samples from last to first; nothing is drawn."""
    return samples[::-1].copy(), {}
