"""How well each single feature separates the classes, for many label vectors at once; used to select features.

With six speakers on one side, most features that separate the clips reflect these six voices and not recording
conditions, which the next speaker would share. A difference of means, divided by its speaker-clustered error, ranks
those features first that differ consistently from speaker to speaker. Features are screened by it (sure independence
screening, Fan and Lv 2008) inside the training folds, for each label vector separately.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array

from stages.core.inference.statistics import Bools, Floats, Ints

_NOTHING = 1e-12


def separation(features: Floats, labels: Bools, cluster: Ints) -> Floats:
    """Return each feature's difference of class means over its clustered standard error, for every label vector.

    The error allows for any dependence within speakers (Liang and Zeger 1986). With few speakers some errors are small
    by chance, so the median squared error over all features with an error is added to each squared error. If no feature
    varies within the classes, the error is a tiny constant.

    Parameters
    ----------
    features : float64[n, d]
        Standardised.
    labels : bool[n, k]
    cluster : intp[n]

    Returns
    -------
    float64[d, k]
        At least 0. It is 0 if a class is empty, if there is one speaker, or if the feature is constant.
    """
    return separation_of_blocks([features], labels, cluster)


def separation_of_blocks(blocks: Iterable[Floats], labels: Bools, cluster: Ints) -> Floats:
    """Return `separation` of features that are given some columns at a time, so that they are never all in memory."""
    units = np.unique(cluster, return_inverse=True)[1]
    parts = [_gaps_and_errors(block, labels, units) for block in blocks if block.size]
    if not parts:
        return np.zeros((0, labels.shape[1]))
    gaps, errors = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = np.zeros(gaps.shape)
    inside, groups = labels.sum(axis=0), int(units.max(initial=0)) + 1
    for column in np.flatnonzero((inside > 0) & (inside < len(labels)) & (groups > 1)):
        error = errors[:, column]
        error += np.median(error[error > _NOTHING]) if (error > _NOTHING).any() else 0.0
        found[:, column] = gaps[:, column] / np.sqrt(np.maximum(error, _NOTHING))
    return found


def _gaps_and_errors(features: Floats, labels: Bools, units: Ints) -> tuple[Floats, Floats]:
    """Return each feature's difference of class means, and its squared clustered error: float64[d, k] each."""
    gaps, errors = np.zeros((2, features.shape[1], labels.shape[1]))
    groups = int(units.max(initial=0)) + 1
    inside = labels.sum(axis=0)
    usable = (inside > 0) & (inside < len(labels)) & (groups > 1)
    means = (features.T @ labels) / np.maximum(inside, 1)
    others = (features.T @ ~labels) / np.maximum(len(labels) - inside, 1)
    for column in np.flatnonzero(usable):
        member = labels[:, column]
        weight = np.where(member, 1 / inside[column], -1 / (len(member) - inside[column]))
        gathered = csr_array((weight, (units, np.arange(len(units)))), shape=(groups, len(units))) @ features
        for side, centre in ((member, means[:, column]), (~member, others[:, column])):
            gathered -= np.bincount(units, weight * side, groups)[:, None] * centre
        errors[:, column] = np.einsum("ij,ij->j", gathered, gathered) * groups / (groups - 1)
        gaps[:, column] = np.abs(means[:, column] - others[:, column])
    return gaps, errors


def strongest(separations: Floats, count: int) -> Ints:
    """Return for every label vector the features that separate most: intp[m, k], m = `count` or all if fewer."""
    return np.argsort(-separations, axis=0, kind="stable")[:count]
