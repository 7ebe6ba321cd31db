"""Logistic regression for many label vectors at once: on all features, and on the few that separate on their own.

In: standardised features of the training clips and labels (the true ones and permutations of them). Out: slopes. On all
features, the ridge penalty is chosen for each label vector separately. The choice uses generalised cross-validation of
the likelihood's quadratic approximation at even odds, where the logistic penalty is a quarter of the least-squares
penalty. This makes a nested choice affordable for every permuted refit.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from stages.blind_baseline.separation import strongest
from stages.core.inference.ridge import Rotation
from stages.core.inference.statistics import Bools, Floats

STEPS = 200
"""Most steps of a fit. If the classes separate almost perfectly, the fit stops early, which shrinks the slopes more."""

TOLERANCE = 1e-4
"""The fit stops when no coefficient of the rotated, standardised features changes by more than this."""

NEWTON_STEPS = 8
FEW_PENALTY = 0.01
"""Ridge penalty per training clip, for the regression on few features."""

PRECEDENCE = 4
"""Each of the few features is scaled by this power of its separation relative to the strongest feature's. A feature
that separates half as well is penalised 256 times as much. So weak features, chosen only to complete the number, do not
drown the strong ones."""

_CELLS = 4_000_000
"""Most values of the few features in memory at once, so that memory does not grow with the number of label vectors."""


def slopes_of_all(train: Floats, labels: Bools) -> Floats:
    """Return the slopes of a ridge logistic regression on every feature, for every label vector.

    Parameters
    ----------
    train : float64[n, d]
    labels : bool[n, k]

    Returns
    -------
    float64[d, k]
    """
    rotation = Rotation(train)
    penalty = rotation.penalties(train, labels.astype(np.float64)) / 4
    slopes, _ = fit(rotation.project(train), rotation.strength, labels, penalty)
    return np.asarray(rotation.axes @ slopes)


def slopes_of_few(train: Floats, labels: Bools, separations: Floats, count: int) -> Floats:
    """Return the slopes of a logistic regression for every label vector on the features that separate its classes most.

    Parameters
    ----------
    train : float64[n, d]
    labels : bool[n, k]
    separations : float64[d, k]
        At least 0: `stages.blind_baseline.separation.separation`.
    count : int
        Number of features to choose.

    Returns
    -------
    float64[d, k]
        0 for features that were not chosen.
    """
    chosen = strongest(separations, count)
    strength = np.take_along_axis(separations, chosen, axis=0)
    scale = (strength / np.maximum(strength.max(axis=0, initial=0), 1e-9)) ** PRECEDENCE
    slopes = np.zeros((train.shape[1], labels.shape[1]))
    at_once = max(1, _CELLS // max(1, len(train) * len(chosen)))
    for start in range(0, labels.shape[1], at_once):
        part = slice(start, start + at_once)
        fitted = _newton(train[:, chosen[:, part]] * scale[:, part], labels[:, part])
        np.put_along_axis(slopes[:, part], chosen[:, part], fitted * scale[:, part], axis=0)
    return slopes


def _newton(columns: Floats, labels: Bools) -> Floats:
    """Return ridge logistic slopes float64[m, k] by Newton's method for columns float64[n, m, k]."""
    count, width, vectors = columns.shape
    design = np.concatenate([columns, np.ones((count, 1, vectors))], axis=1).transpose(2, 0, 1).copy()  # [k, n, m + 1]
    penalty = FEW_PENALTY * count * np.append(np.ones(width), 1e-6)
    truth, beta = labels.T[:, :, None], np.zeros((vectors, width + 1, 1))
    for _ in range(NEWTON_STEPS):
        share = expit(design @ beta)
        gradient = design.transpose(0, 2, 1) @ (truth - share) - penalty[:, None] * beta
        hessian = design.transpose(0, 2, 1) @ (design * (share * (1 - share))) + np.diag(penalty)
        step = np.clip(np.linalg.solve(hessian, gradient), -2, 2)
        beta += step
        if np.abs(step).max(initial=0) < TOLERANCE:
            break
    return beta[:, :-1, 0].T


def fit(rotated: Floats, strength: Floats, labels: Bools, penalty: Floats) -> tuple[Floats, Floats]:
    """Fit penalised logistic regressions on orthogonal, centred columns.

    The curvature of the log-likelihood is nowhere above a quarter of the columns' sums of squares, and this bound is
    diagonal here. Steps that divide the gradient by the bound increase the likelihood monotonically up to its maximum
    (Böhning and Lindsay 1988). One matrix product computes a step for all label vectors.

    Parameters
    ----------
    rotated : float64[n, r]
    strength : float64[r]
        Sums of squares of the columns.
    labels : bool[n, k]
    penalty : float64[k]
        Factor of half the squared norm of the slopes.

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
