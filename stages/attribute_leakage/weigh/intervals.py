"""Shares and balanced accuracies with their intervals: of independent clips, and of clips from few speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from stages.core.inference.statistics import Bools, Floats, Ints, renumbered, wilson

LEVEL = 0.95


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
    """Return the mean over labels of the share that is told right; None without clips.

    What is refused or unparsed is not told: an answer that never comes leaks nothing.
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

    The variance of the share between speakers (with a factor G / (G - 1)), over that of independent clips, is the
    design effect, at least 1; n over it is the effective sample size (Korn and Graubard 1998, for Wilson's interval
    Franco et al. 2019), and the normal quantile is replaced by that of t with G - 1 degrees of freedom. Where all
    clips agree there is no variance to estimate, and every speaker counts as one observation.

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
    # To the digit at the ends, which rounding would miss by a hair.
    low = 0.0 if share == 0.0 else max(0.0, float(centre - half))
    return (low, 1.0 if share == 1.0 else min(1.0, float(centre + half)))
