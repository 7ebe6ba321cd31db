"""Cross-fitted ridge regression for many targets at once: the workhorse of populations and calibration.

One decomposition per fold serves the true labels, every permutation of them and every attack's reference score, so
the refits that a valid interval needs cost little. It keeps its decompositions from one call to the next, which
`cross_fitted` cannot, and shares with it how folds are split.
"""

from __future__ import annotations

import numpy as np

from stages.core.inference.crossfit import splits
from stages.core.inference.screening import standout
from stages.core.inference.statistics import Floats, Ints

PENALTIES = np.logspace(-3, 3, 13)
"""Ridge penalties tried, per training clip, on standardised features."""


class CrossFittedRidge:
    """Cross-fitted ridge regressions: the prediction for a clip comes from models that did not see the clip's fold.

    Features that stand out alone are fitted first (`stages.core.inference.screening`); all features are then fitted to
    the remainder. Features are standardised on the training folds; a feature that is constant there is ignored. The
    penalty is chosen within the training folds, separately for each target, by generalised cross-validation (Golub,
    Heath and Wahba 1979).

    Parameters
    ----------
    features : float64[n, d]
        Finite; d may be 0.
    folds : intp[n]
    """

    def __init__(self, features: Floats, folds: Ints) -> None:
        # Centred once for all, so that a feature with a large offset loses no digits in the folds.
        self._features = features - features.mean(axis=0) if len(features) else features
        self._parts = [(split, Rotation(self._features[split.train])) for split in splits(folds)]

    def predict(self, targets: Floats) -> Floats:
        """Return the out-of-fold predictions of every column, as deviations from the training mean.

        The training mean is left out: a high mean of the held-out fold goes with a low training mean, so that with it
        predictions from noise would be anticorrelated with the truth.

        Parameters
        ----------
        targets : float64[n, k]

        Returns
        -------
        float64[n, k]
        """
        predictions = np.zeros(targets.shape)
        for split, part in self._parts:
            slopes = _slopes(part, self._features[split.train], targets[split.train])
            predictions[split.held] = (self._features[split.held] - part.mean) @ slopes
        return predictions


def _slopes(part: Rotation, train: Floats, targets: Floats) -> Floats:
    """Return the coefficients of the features that stand out alone, plus those of all features for the remainder."""
    centred = targets - targets.mean(axis=0)
    first = np.zeros((train.shape[1], targets.shape[1]))
    for column, features in enumerate(_chosen(part, train, centred)):
        if len(features):
            few = Rotation(train[:, features])
            first[features, column] = few.slopes(train[:, features], centred[:, [column]])[:, 0]
    rest = centred - (train - part.mean) @ first
    return np.asarray(first + part.slopes(train, rest))


def _chosen(part: Rotation, train: Floats, centred: Floats) -> list[Ints]:
    """Return the features that stand out, for every target."""
    norm = np.sqrt((centred**2).sum(axis=0))
    covariance = ((train - part.mean) / part.scale).T @ centred / np.sqrt(len(train))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(norm > 0, covariance / norm, 0.0)
    return standout(correlation, len(train))


class Rotation:
    """Training features, standardised and rotated to their principal axes, which leaves a ridge penalty unchanged.

    Parameters
    ----------
    train : float64[n, d]

    Attributes
    ----------
    mean : float64[d]
    scale : float64[d]
        Deviations; infinite for a feature that is constant.
    axes : float64[d, r]
        Takes centred features to rotated coordinates; r is their rank, at most min(n, d).
    strength : float64[r]
        Sum of squares of each rotated coordinate over the training rows.
    """

    def __init__(self, train: Floats) -> None:
        self.mean = train.mean(axis=0)
        spread = train.std(axis=0)
        self.scale = np.where(spread > 1e-9 * (1 + np.abs(train).max(axis=0, initial=0)), spread, np.inf)
        standard = (train - self.mean) / self.scale
        wide = standard.shape[1] > len(standard)
        square, turned = np.linalg.eigh(standard @ standard.T if wide else standard.T @ standard)
        kept = square > 1e-9 * max(square.max(initial=0), 1e-300)
        self.strength: Floats = square[kept]
        turned = turned[:, kept]
        axes = standard.T @ turned / np.sqrt(self.strength) if wide else turned
        self.axes: Floats = axes / self.scale[:, None]

    def project(self, rows: Floats) -> Floats:
        """Return rows in the rotated coordinates: float64[n, r]."""
        return np.asarray((rows - self.mean) @ self.axes)

    def slopes(self, train: Floats, targets: Floats) -> Floats:
        """Return the ridge coefficients of unstandardised features for every target: float64[d, k]."""
        centred = targets - targets.mean(axis=0)
        projected = self.axes.T @ (train.T @ centred)
        penalty = self._penalties(len(train), projected, (centred**2).sum(axis=0))
        return np.asarray(self.axes @ (projected / (self.strength[:, None] + penalty)))

    def penalties(self, train: Floats, targets: Floats) -> Floats:
        """Return the penalty of each target that minimises the generalised cross-validation criterion: float64[k]."""
        centred = targets - targets.mean(axis=0)
        return self._penalties(len(train), self.axes.T @ (train.T @ centred), (centred**2).sum(axis=0))

    def _penalties(self, count: int, projected: Floats, total: Floats) -> Floats:
        """`projected`: the targets on the axes, float64[r, k]; `total`: their sums of squares, float64[k]."""
        tried = PENALTIES * count
        inverse = 1 / (self.strength[:, None] + tried)
        # Residual sum of squares for every penalty and target, from the projections alone.
        explained = (inverse**2 * (self.strength[:, None] + 2 * tried)).T @ projected**2
        freedom = 1 - (1 + (self.strength[:, None] * inverse).sum(axis=0)) / count
        criterion = (total - explained) / np.maximum(freedom, 1e-9)[:, None] ** 2
        return np.asarray(tried[criterion.argmin(axis=0)])
