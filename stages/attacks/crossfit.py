"""Out-of-fold scores of attacks that learn: no clip is scored by a model that saw it or another of its speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.attacks.ragged import Floats
from stages.attacks.registry import Known
from stages.core.inference.crossfit import NO_FOLD, PredictRows, Split, cross_fitted

Predict = Callable[[Floats], Floats]
"""From one row a clip to one score a clip."""


def out_of_fold(known: Known, tables: Sequence[Floats], fit: Callable[[NDArray[np.bool_]], Predict]) -> list[Floats]:
    """Cross-fit over the labelled clips (`stages.core.inference.crossfit`).

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

    def fitted(split: Split) -> PredictRows | None:
        if not 0 < known.member[split.train].sum() < split.train.sum():
            return None
        predict = fit(split.train)
        return lambda rows: np.column_stack([predict(table)[rows] for table in tables])

    folds = np.where(known.labelled, known.folds, NO_FOLD)
    return list(cross_fitted(fitted, folds, (len(tables),)).T.copy())
