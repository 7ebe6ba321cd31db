"""Out-of-fold scores of attacks that learn: no clip is scored by a model that saw it or another of its speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.attacks.ragged import Floats
from stages.attacks.registry import Known

Predict = Callable[[Floats], Floats]
"""From one row a clip to one score a clip."""


def cross_fitted(known: Known, tables: Sequence[Floats], fit: Callable[[NDArray[np.bool_]], Predict]) -> list[Floats]:
    """Fit on all folds but one and score that one, for every fold.

    Parameters
    ----------
    known : Known
    tables : sequence of float64[n, d]
        One row a clip for each role; the same model scores all.
    fit : callable
        From the training clips, bool[n], to a model.

    Returns
    -------
    list of float64[n]
        A table's scores; NaN for a fold whose training clips are of one class. A clip without a label gets the mean
        over all models, none of which saw it.
    """
    scores = [np.full(len(known.member), np.nan) for _ in tables]
    apart = [np.zeros(len(known.member)) for _ in tables]
    models = 0
    for fold in np.unique(known.folds[known.labelled]):
        train = known.labelled & (known.folds != fold)
        if not 0 < known.member[train].sum() < train.sum():
            continue
        predict, held_out, models = fit(train), known.labelled & (known.folds == fold), models + 1
        for table, score, sum_ in zip(tables, scores, apart, strict=True):
            values = predict(table)
            score[held_out] = values[held_out]
            sum_ += values
    if models:
        for score, sum_ in zip(scores, apart, strict=True):
            score[~known.labelled] = sum_[~known.labelled] / models
    return scores
