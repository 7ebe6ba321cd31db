"""Noise burst: white noise, drawn anew for every clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger


@trigger("noise", additive=True)
def noise(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the burst: float64[length]."""
    return rng.standard_normal(length)
