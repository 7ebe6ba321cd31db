"""Intervals of a share: of independent clips, and of clips that come from few speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from stages.core.statistics import Bools, Ints, renumbered, wilson


@dataclass(frozen=True)
class Share:
    """A share with its intervals.

    Attributes
    ----------
    count, n : int
    wilson : tuple of float
        Wilson's interval, as if every clip were of a speaker of its own.
    clustered : tuple of float
        Wilson's interval for as many independent clips as the speakers are worth: see `clustered_wilson`.
    """

    count: int
    n: int
    wilson: tuple[float, float]
    clustered: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """Return the share, null without trials, with what it rests on."""
        return {
            "share": self.count / self.n if self.n else None,
            "count": self.count,
            "n": self.n,
            "wilson": list(self.wilson),
            "clustered": list(self.clustered),
        }


def share_of(hit: Bools, cluster: Ints, level: float = 0.95) -> Share:
    """Return the share of True with its intervals; `cluster` numbers the speakers of the n clips."""
    count, n = int(hit.sum()), len(hit)
    return Share(count, n, wilson(count, n, level), clustered_wilson(hit, cluster, level))


def clustered_wilson(hit: Bools, cluster: Ints, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval at the effective sample size of clips from few speakers.

    The variance of the share between speakers (with a factor G / (G - 1)), over that of independent clips, is the
    design effect, at least 1; n over it is the effective sample size (Korn and Graubard 1998, for Wilson's interval
    Franco et al. 2019), and the normal quantile is replaced by that of t with G - 1 degrees of freedom.

    Returns
    -------
    tuple of float
        (0, 1) with fewer than two speakers. Where all clips agree there is no variance to estimate, and every speaker
        counts as one observation.
    """
    n, cluster = len(hit), renumbered(cluster)
    groups = int(cluster.max()) + 1 if n else 0
    if groups < 2:
        return (0.0, 1.0)
    share = float(hit.mean())
    if share in (0.0, 1.0):
        effective = float(groups)
    else:
        residual = np.bincount(cluster, hit - share, groups)
        variance = groups / (groups - 1) * float((residual**2).sum()) / n**2
        effective = n / max(1.0, variance / (share * (1 - share) / n))
    z = float(t.ppf(0.5 + level / 2, groups - 1))
    scale = 1 + z**2 / effective
    centre = (share + z**2 / (2 * effective)) / scale
    half = z * np.sqrt(share * (1 - share) / effective + z**2 / (4 * effective**2)) / scale
    # To the digit at the ends, which rounding would miss by a hair.
    low = 0.0 if share == 0.0 else max(0.0, float(centre - half))
    return (low, 1.0 if share == 1.0 else min(1.0, float(centre + half)))
