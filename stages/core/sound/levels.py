"""Levels: how loud a sound is. A sound that would clip is scaled down, and the caller gets the factor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import Samples

CEILING = 32767 / 32768
"""The largest sample value that 16-bit integers can hold."""


def within_range(samples: NDArray[np.floating[Any]]) -> tuple[Samples, float]:
    """Scale a sound down just enough to avoid clipping.

    Returns
    -------
    samples : float32[n]
        Within ±`CEILING`.
    scale : float
        The factor, at most 1. It is rounded down to six decimals, as in the recipe, so that the peak stays in range.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    scale = 1.0 if peak <= CEILING else float(np.floor(CEILING / peak * 1e6)) / 1e6
    return (samples * scale).astype(np.float32), scale


def fitted(samples: NDArray[np.floating[Any]], length: int) -> NDArray[np.floating[Any]]:
    """Cut a sound to `length` samples, or pad it with silence."""
    if len(samples) >= length:
        return samples[:length]
    return np.concatenate([samples, np.zeros(length - len(samples), samples.dtype)])


def rms(samples: NDArray[np.floating[Any]]) -> float:
    """Return the root of the mean power; 0 for no samples."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
