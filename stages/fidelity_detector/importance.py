"""The importance of neighbours and features: how much a detector's AUC falls if their values are permuted over clips.

This is permutation importance (Breiman 2001) on the held-out clips of every fold. Columns of one part are permuted
together: all neighbours of a perturbation, all perturbations of a kind, or one feature of all neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.core.inference.statistics import auc
from stages.fidelity_detector.crossfit import CrossFitted
from stages.fidelity_detector.labels import Bools
from stages.fidelity_detector.sets import Floats

REPEATS = 5


def importance(
    found: CrossFitted,
    features: Floats,
    member: Bools,
    parts: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return how much the out-of-fold AUC falls if each part is permuted.

    Parameters
    ----------
    found : CrossFitted
        Its detectors need a `batch` function, which scores many rows at once.
    features : float64[n, neighbours * d]
    member : bool[n]
    parts : dict of str to bool[neighbours * d]
        Columns that are permuted together.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to float
        Mean over `REPEATS` permutations; about 0, or slightly below, for a part without information.
    """
    whole = _auc(found, features, member)
    drops = {}
    for name, columns in parts.items():
        losses = []
        for _ in range(REPEATS):
            dealt = features.copy()
            for held, _ in found.fitted:
                clips = np.flatnonzero(held)
                dealt[np.ix_(clips, columns)] = features[np.ix_(rng.permutation(clips), columns)]
            losses.append(whole - _auc(found, dealt, member))
        drops[name] = float(np.mean(losses))
    return drops


def _auc(found: CrossFitted, features: Floats, member: Bools) -> float:
    scores = np.full(len(member), np.nan)
    for held, fitted in found.fitted:
        scores[held] = fitted.batch(features[held])
    known = np.isfinite(scores)
    return auc(scores[known], member[known])


def parts_of(
    names: Sequence[str], kinds: Mapping[str, str], features: Sequence[str]
) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return the columns of each kind of perturbation, of each perturbation and of each feature.

    Parameters
    ----------
    names : sequence of str
        The neighbours, ``perturbation/index``.
    kinds : mapping of str to str
        Kind of each perturbation.
    features : sequence of str
        Names of a neighbour's features.
    """
    perturbation = np.repeat([name.rsplit("/", 1)[0] for name in names], len(features))
    kind = np.array([kinds[name] for name in perturbation.tolist()])
    feature = np.tile(features, len(names))
    groups = {"kind": kind, "perturbation": perturbation, "feature": feature}
    return {name: {str(part): column == part for part in np.unique(column)} for name, column in groups.items()}
