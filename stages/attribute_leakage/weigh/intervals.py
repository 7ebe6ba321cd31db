"""Shares and balanced accuracies with intervals: for independent clips, and for clips that come from few speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from stages.core.inference.statistics import Bools, Floats, Ints, renumbered, wilson
from stages.core.results.leakage_figures import ShareFigures

LEVEL = 0.95


@dataclass(frozen=True)
class Share:
    """A share with its intervals.

    Attributes
    ----------
    count, n : int
    wilson : tuple of float
        Wilson's interval, which treats all clips as independent.
    clustered : tuple of float
        Wilson's interval at the effective sample size, with speakers as the unit; see `clustered_wilson`.
    """

    count: int
    n: int
    wilson: tuple[float, float]
    clustered: tuple[float, float]

    def as_json(self) -> ShareFigures:
        """Return the share with its counts and intervals; the share is null without trials."""
        return {
            "share": self.count / self.n if self.n else None,
            "count": self.count,
            "n": self.n,
            "wilson": self.wilson,
            "clustered": self.clustered,
        }


def share_of(hit: Bools, cluster: Ints, level: float = LEVEL) -> Share:
    """Return the share of True with its intervals; `cluster` numbers the speakers of the n clips."""
    count, n = int(hit.sum()), len(hit)
    return Share(count, n, wilson(count, n, level), clustered_wilson(hit, cluster, level))


def clustered_wilson(hit: Bools, cluster: Ints, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a share with speakers as the unit; (0, 1) with fewer than two of them."""
    if not len(hit):
        return (0.0, 1.0)
    share = float(hit.mean())
    return _at_effective_size(share, (hit - share) / len(hit), cluster, level)


def balanced_accuracy(correct: Bools, labels: NDArray[Any]) -> float | None:
    """Return the mean over labels of the share of correct answers; None without clips.

    Refused and unparsed answers count as not correct, because an answer that is not given leaks nothing.
    """
    if not len(labels):
        return None
    return float(np.mean([correct[labels == label].mean() for label in np.unique(labels)]))


def clustered_balanced(correct: Bools, labels: Ints, cluster: Ints, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a balanced accuracy with speakers as the unit; (0, 1) with fewer than two of them.

    Parameters
    ----------
    correct : bool[n]
    labels : intp[n]
        Codes of the classes, from 0.
    cluster : intp[n]
    level : float
    """
    if not len(correct):
        return (0.0, 1.0)
    held = np.bincount(labels).astype(np.float64)
    share = np.bincount(labels, correct, len(held)) / np.maximum(held, 1)
    influence = (correct - share[labels]) / ((held > 0).sum() * held[labels])
    return _at_effective_size(float(share[held > 0].mean()), influence, cluster, level)


def _at_effective_size(share: float, influence: Floats, cluster: Ints, level: float) -> tuple[float, float]:
    """Return Wilson's interval at the effective sample size of clips from few speakers.

    The design effect is the variance of the share between the G speakers (with a factor G / (G - 1)) divided by the
    variance of independent clips; it is at least 1. The effective sample size is n divided by the design effect (Korn
    and Graubard 1998; for Wilson's interval Franco et al. 2019). The normal quantile is replaced by that of t with
    G - 1 degrees of freedom. If all clips agree, no variance can be estimated, and every speaker counts as one
    observation.

    Parameters
    ----------
    share : float
    influence : float64[n]
        What each clip adds to the share's deviation.
    cluster : intp[n]
    level : float
    """
    by_speaker = np.bincount(renumbered(cluster), influence)
    groups = len(by_speaker)
    if groups < 2:
        return (0.0, 1.0)
    variance = groups / (groups - 1) * float((by_speaker**2).sum())
    independent = share * (1 - share) / len(influence)
    all_agree = min(share, 1 - share) < 1e-12
    effective = float(groups) if all_agree else len(influence) / max(1.0, variance / independent)
    z = float(t.ppf(0.5 + level / 2, groups - 1))
    scale = 1 + z**2 / effective
    centre = (share + z**2 / (2 * effective)) / scale
    half = z * np.sqrt(max(share * (1 - share), 0.0) / effective + z**2 / (4 * effective**2)) / scale
    # Rounding errors would keep the bounds from being exactly 0 and 1.
    low = 0.0 if share == 0.0 else max(0.0, float(centre - half))
    return (low, 1.0 if share == 1.0 else min(1.0, float(centre + half)))
