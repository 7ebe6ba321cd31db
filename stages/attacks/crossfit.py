"""Out-of-fold scores of labelled attacks: no model scores a clip whose speaker it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.attacks.ragged import Floats
from stages.attacks.registry import Known
from stages.core.inference.crossfit import NO_FOLD, PredictRows, Split, cross_fitted

Predict = Callable[[Floats], Floats]
"""Maps one row per clip to one score per clip."""


def out_of_fold(known: Known, tables: Sequence[Floats], fit: Callable[[NDArray[np.bool_]], Predict]) -> list[Floats]:
    """Cross-fit over the labelled clips (`stages.core.inference.crossfit`).

    Parameters
    ----------
    known : Known
    tables : sequence of float64[n, d]
        For each role, one row per clip; the same model scores all of them.
    fit : callable
        Takes the training clips, bool[n], and returns a model.

    Returns
    -------
    list of float64[n]
        The scores of each table; NaN for a fold whose training clips are of one class. A clip without a label gets the
        mean over all models; none of them was trained on it.
    """

    def fitted(split: Split) -> PredictRows | None:
        if not 0 < known.member[split.train].sum() < split.train.sum():
            return None
        predict = fit(split.train)
        return lambda rows: np.column_stack([predict(table)[rows] for table in tables])

    folds = np.where(known.labelled, known.folds, NO_FOLD)
    return list(cross_fitted(fitted, folds, (len(tables),)).T.copy())
