"""A clip's neighbours as a set: the perturbation of each, and robust scaling of their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

CLIP_AT = 5.0
"""Scaled features are clipped at this many interquartile ranges, so that one outlier cannot dominate a detector."""


def codes_of(groups: Sequence[Any] | None) -> Codes:
    """Return the perturbation of each neighbour as a code 0 to G - 1, in order of appearance; a single 0 for None."""
    known: dict[Any, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in (groups or [0])], np.intp)


def group_means(sets: Floats, codes: Codes) -> Floats:
    """Return the mean features of each perturbation's neighbours, float64[n, groups * d].

    Parameters
    ----------
    sets : float64[n, neighbours, d]
    codes : intp[neighbours]
    """
    means = [sets[:, codes == code].mean(axis=1) for code in range(int(codes.max()) + 1)]
    return np.concatenate(means, axis=1)


@dataclass(frozen=True)
class Scaling:
    """Robust scaling of each feature of each perturbation, pooled over its neighbours.

    Attributes
    ----------
    codes : intp[neighbours]
    center, scale : float64[groups, d]
        Median and interquartile range. If this range is 0, the standard deviation; if that is 0 too, 1.
    """

    codes: Codes
    center: Floats
    scale: Floats

    @classmethod
    def fitted(cls, values: Floats, codes: Codes) -> Scaling:
        """Fit on rows of features side by side, float64[n, neighbours * d]."""
        sets = values.reshape(len(values), len(codes), -1)
        center, scale = [], []
        for code in range(int(codes.max()) + 1):
            pooled = sets[:, codes == code].reshape(-1, sets.shape[-1])
            low, middle, high = np.percentile(pooled, [25, 50, 75], axis=0)
            width = np.where(high > low, high - low, pooled.std(axis=0))
            center.append(middle)
            scale.append(np.where(width > 0, width, 1.0))
        return cls(codes, np.stack(center), np.stack(scale))

    def scaled(self, values: Floats) -> Floats:
        """Return float64[n, neighbours, d], within ±`CLIP_AT`."""
        sets = values.reshape(len(values), len(self.codes), -1)
        return np.clip((sets - self.center[self.codes]) / self.scale[self.codes], -CLIP_AT, CLIP_AT)
