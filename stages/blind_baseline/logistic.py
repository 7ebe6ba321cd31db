"""Cross-fitted logistic regression for many label vectors at once.

In: features, labels (the true ones and permutations of them), folds. Out: out-of-fold logits. Features are
standardised on the training folds. The ridge penalty is chosen there too, for each label vector on its own, by
generalised cross-validation of the quadratic approximation of the likelihood at even odds, where a logistic penalty
is a quarter of the least-squares one; that makes a nested choice for every permuted refit affordable.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from stages.core.ridge import Rotation
from stages.core.statistics import Bools, Floats, Ints

STEPS = 200
"""Most steps taken; stopping early under near-perfect separation is one more shrinkage."""

TOLERANCE = 1e-4
"""Change of any coefficient of the rotated, standardised features at which the fit is done."""


def cross_fitted_logits(features: Floats, labels: Bools, folds: Ints) -> Floats:
    """Return out-of-fold logits of membership for every label vector.

    Parameters
    ----------
    features : float64[n, d]
        Finite.
    labels : bool[n, k]
    folds : intp[n]
        -1 for rows that are scored but not learned from: they get the mean over the folds' models.

    Returns
    -------
    float64[n, k]
    """
    names = np.unique(folds[folds >= 0])
    logits = np.zeros(labels.shape)
    for fold in names:
        train, held_out, apart = (folds >= 0) & (folds != fold), folds == fold, folds < 0
        rotation = Rotation(features[train])
        penalty = rotation.penalties(features[train], labels[train].astype(np.float64)) / 4
        slopes, intercept = fit(rotation.project(features[train]), rotation.strength, labels[train], penalty)
        logits[held_out] = rotation.project(features[held_out]) @ slopes + intercept
        logits[apart] += (rotation.project(features[apart]) @ slopes + intercept) / len(names)
    return logits


def fit(rotated: Floats, strength: Floats, labels: Bools, penalty: Floats) -> tuple[Floats, Floats]:
    """Fit penalised logistic regressions on orthogonal, centred columns.

    The curvature of the log-likelihood is nowhere above a quarter of the columns' squares, which is diagonal here:
    dividing the gradient by it rises monotonically to the maximum (Böhning and Lindsay 1988), for all label vectors
    in one matrix product.

    Parameters
    ----------
    rotated : float64[n, r]
    strength : float64[r]
        Sums of squares of the columns.
    labels : bool[n, k]
    penalty : float64[k]
        Half the squared norm of the slopes is multiplied by it.

    Returns
    -------
    slopes : float64[r, k]
    intercept : float64[k]
    """
    count = len(rotated)
    share = np.clip(labels.mean(axis=0), 0.5 / count, 1 - 0.5 / count)
    slopes, intercept = np.zeros((rotated.shape[1], labels.shape[1])), np.asarray(logit(share))
    curvature = strength[:, None] / 4 + penalty
    for _ in range(STEPS):
        residual = labels - expit(rotated @ slopes + intercept)
        step = (rotated.T @ residual - penalty * slopes) / curvature
        shift = residual.mean(axis=0) * 4
        slopes += step
        intercept = intercept + shift
        if max(np.abs(step).max(initial=0), np.abs(shift).max(initial=0)) < TOLERANCE:
            break
    return slopes, intercept
