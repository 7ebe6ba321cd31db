"""What single features tell of a target: the few that stand out, before all are asked together.

Among hundreds of features that see nothing, a ridge regression on all of them drowns the few that see something:
with 400 useless ones, its out-of-fold AUC for a shift that those few show at 0.66 is 0.58, and a match on such a score
leaves the shift where it is. The features that stand out on their own are therefore fitted first (sure independence
screening, Fan and Lv 2008), and a ridge regression on all features is left with what they do not explain.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from stages.core.statistics import Floats, Ints

EXPECTED_BY_CHANCE = 1.0
"""Useless features that stand out on average: the level of each feature's test is this over their number."""

MOST = 16
"""Features that a target may have: where more stand out, all of them together tell more than any choice."""


def standout(correlation: Floats, count: int) -> Ints:
    """Return the features whose correlation with a target stands out among so many, strongest first.

    Parameters
    ----------
    correlation : float64[d]
        Over `count` rows.
    count : int

    Returns
    -------
    intp[m]
        At most `MOST`; none where there are fewer than four rows.
    """
    if count < 4 or not len(correlation):
        return np.zeros(0, np.intp)
    level = min(0.5, EXPECTED_BY_CHANCE / (2 * len(correlation)))
    critical = t.isf(level, count - 2)
    least = critical / np.sqrt(count - 2 + critical**2)  # of |r|, from t = r · sqrt((n - 2) / (1 - r²))
    strongest = np.argsort(-np.abs(correlation), kind="stable")[:MOST]
    return np.asarray(strongest[np.abs(correlation[strongest]) > least], dtype=np.intp)
