"""Gradient boosting on histograms for many label vectors at once.

Each step adds a stump (a tree of depth one) to every label vector's model. Features are binned once. A single matrix
product gives the gain of every cut for every label vector. So the refits on permuted labels, which a valid interval
needs, cost little more than one fit. The method is that of Friedman (2001), 'Greedy function approximation'. Leaf
values are Newton steps that use the upper bound of the logistic loss's curvature, a quarter, so that no step is too
long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from stages.core.inference.statistics import Bools, Floats, Ints

CUTS = 8
"""Number of cuts tried per feature, at its quantiles over the training rows."""

STEPS = 50
RATE = 0.15
SHRINKAGE = 10.0
"""Number of pseudo-clips added to each leaf, with labels as expected, so that small leaves have little weight."""

MOST_ROWS = 8192
"""Most rows used for training, spread evenly. More rows change little and cost time."""

_LARGE = np.float32(1e9)


@dataclass(frozen=True)
class Stumps:
    """A fitted model per label vector.

    Attributes
    ----------
    feature : intp[steps, k]
    cut : float64[steps, k]
        Rows whose value is at most this are on the lower side.
    low, high : float64[steps, k]
        Values added to the logit on the lower and on the upper side.
    """

    feature: Ints
    cut: Floats
    low: Floats
    high: Floats

    def scores(self, rows: Floats) -> Floats:
        """Return the sum of the stumps for each row and label vector: float64[n, k]."""
        total = np.zeros((len(rows), self.feature.shape[1]))
        for feature, cut, low, high in zip(self.feature, self.cut, self.low, self.high, strict=True):
            total += np.where(rows[:, feature] <= cut, low, high)
        return total


def fit_stumps(train: Floats, labels: Bools, allowed: Ints) -> Stumps:
    """Fit boosted stumps.

    Parameters
    ----------
    train : float64[n, d]
    labels : bool[n, k]
    allowed : intp[m, k]
        Features that each label vector's model may use.

    Returns
    -------
    Stumps
        With no steps if no feature varies.
    """
    some = np.linspace(0, len(train) - 1, min(len(train), MOST_ROWS)).astype(np.intp)
    train, labels = train[some], labels[some]
    feature, cuts = _cuts(train)
    if not len(feature):
        nothing = np.zeros((0, labels.shape[1]))
        return Stumps(nothing.astype(np.intp), nothing, nothing, nothing)
    below = (train[:, feature] <= cuts).T.astype(np.float32)  # [cuts, n]
    usable = np.zeros((train.shape[1], labels.shape[1]), np.bool_)
    np.put_along_axis(usable, allowed, True, axis=0)
    barred = np.where(usable[feature], np.float32(0), -_LARGE)
    chosen, low, high = _boost(below, labels, barred)
    return Stumps(feature[chosen], cuts[chosen], low.astype(np.float64), high.astype(np.float64))


def _cuts(train: Floats) -> tuple[Ints, Floats]:
    """Return the feature and the value of every cut that has rows on both sides."""
    levels = np.quantile(train, np.arange(1, CUTS + 1) / (CUTS + 1), axis=0, method="lower")  # [CUTS, d]
    new = np.vstack([np.ones((1, train.shape[1]), np.bool_), levels[1:] > levels[:-1]])
    keep = new & (levels < train.max(axis=0))
    # A rare value that no quantile separates, such as a flag, gets a cut as well.
    lowest, rare = train.min(axis=0), ~keep.any(axis=0) & (train.min(axis=0) < train.max(axis=0))
    at, feature = np.nonzero(keep)
    return np.append(feature, np.flatnonzero(rare)), np.append(levels[at, feature], lowest[rare])


def _boost(
    below: NDArray[np.float32], labels: Bools, barred: NDArray[np.float32]
) -> tuple[Ints, NDArray[np.float32], NDArray[np.float32]]:
    """Return for every step and label vector the chosen cut and the value it adds on each side: [STEPS, k] each."""
    count, vectors = labels.shape
    low_rows = below.sum(axis=1, keepdims=True) + np.float32(SHRINKAGE)  # [cuts, 1]
    high_rows = np.float32(count + 2 * SHRINKAGE) - low_rows
    share = np.clip(labels.mean(axis=0), 0.5 / count, 1 - 0.5 / count)
    logits = np.tile(np.log(share / (1 - share)).astype(np.float32), (count, 1))
    truth, every = labels.astype(np.float32), np.arange(vectors)
    chosen, low, high = (np.zeros((STEPS, vectors), kind) for kind in (np.intp, np.float32, np.float32))
    for step in range(STEPS):
        residual = truth - expit(logits)
        total = residual.sum(axis=0)
        left = below @ residual  # [cuts, k]
        right = total - left
        best = np.argmax(left**2 / low_rows + right**2 / high_rows + barred, axis=0)
        chosen[step] = best
        low[step] = 4 * RATE * left[best, every] / low_rows[best, 0]
        high[step] = 4 * RATE * right[best, every] / high_rows[best, 0]
        logits += np.where(below[best].T > 0, low[step], high[step])
    return chosen, low, high
