"""Screening: the few features that stand out alone, chosen before all features are fitted together.

Among hundreds of useless features a ridge regression on all of them hides the few that are informative. With 400
useless ones, its out-of-fold AUC is 0.58 for a shift that the informative few show at 0.66, and a match on such a score
leaves the shift where it is. So the features that stand out alone are fitted first (sure independence screening, Fan
and Lv 2008), and the ridge regression on all features gets the remainder.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from stages.core.inference.statistics import Floats, Ints

EXPECTED_BY_CHANCE = 1.0
"""Useless features that stand out on average. The level of each feature's test is this number over their count."""

MOST = 16
"""Upper bound for a target. Where more features stand out, all features together say more than a choice."""


def standout(correlation: Floats, count: int) -> list[Ints]:
    """Return, for every target, the features whose correlation with it stands out, strongest first.

    Parameters
    ----------
    correlation : float64[d, k]
        Over `count` rows.
    count : int

    Returns
    -------
    list of intp[m]
        One for each target, of at most `MOST` features; empty where there are fewer than four rows.
    """
    if count < 4 or not len(correlation):
        return [np.zeros(0, np.intp)] * correlation.shape[1]
    level = min(0.5, EXPECTED_BY_CHANCE / (2 * len(correlation)))
    critical = -stdtrit(count - 2, level)
    least = critical / np.sqrt(count - 2 + critical**2)  # of |r|, from t = r · sqrt((n - 2) / (1 - r²))
    size = np.abs(correlation)
    strongest = np.argsort(-size, axis=0, kind="stable")[:MOST]
    enough = np.take_along_axis(size, strongest, axis=0) > least
    return [chosen[kept] for chosen, kept in zip(strongest.T, enough.T, strict=True)]
