"""Cross-fitting: every row is scored by a model that saw neither it nor any other row of its fold.

One function for all that learn here. What fits many targets at once by its own algebra, or leaves out two folds at
once, has its own loop and says so where it stands; the folds come from `stages.core.inference.folds` in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.inference.statistics import Bools, Floats, Ints

NO_FOLD = -1
"""The fold of a row that is scored but not learned from."""


@dataclass(frozen=True)
class Split:
    """One fold against all others.

    Attributes
    ----------
    fold : int
    train : bool[n]
        The rows that are learned from: those of all other folds.
    held : bool[n]
        The fold's own rows.
    """

    fold: int
    train: Bools
    held: Bools


PredictRows = Callable[[Bools], NDArray[Any]]
"""From the rows asked about, bool[n], to a value, or several, of each: numbers or bools [r, ...]."""


def splits(folds: Ints) -> Iterator[Split]:
    """Yield each fold against all others, in the order of their numbers; `NO_FOLD` is on neither side.

    Parameters
    ----------
    folds : intp[n]
        Without any fold, nothing is yielded. With a single one, there is nothing to learn from: `train` is empty.

    Examples
    --------
    >>> [(split.fold, split.train.tolist()) for split in splits(np.array([0, 1, -1]))]
    [(0, [False, True, False]), (1, [True, False, False])]
    """
    known = folds != NO_FOLD
    for fold in np.unique(folds[known]):
        held = folds == fold
        yield Split(int(fold), known & ~held, held)


def cross_fitted(
    fit: Callable[[Split], PredictRows | None], folds: Ints, shape: tuple[int, ...] = (), missing: float = np.nan
) -> Floats:
    """Fit on all folds but one and score that one, for every fold.

    Parameters
    ----------
    fit : callable
        From a split to what predicts, or None where nothing can be learned from its training rows. Features and labels
        are its own affair, and everything that is chosen, such as scaling or a penalty, is chosen inside it. It is
        called once a fold, in the order of the folds.
    folds : intp[n]
        `NO_FOLD` for rows that are scored but not learned from.
    shape : tuple of int
        Of a row's prediction; empty for a single number.
    missing : float
        Stands where no model predicts.

    Returns
    -------
    float64[n, *shape]
        Out-of-fold predictions. `missing` for a fold from whose complement nothing could be learned. A row of
        `NO_FOLD` gets the mean over all models, none of which saw it, and `missing` where there is no model; a fold
        without rows, or without a model, does not count in the mean.

    Examples
    --------
    A mean of the other folds' values:

    >>> values = np.array([1.0, 3.0, 8.0, 0.0])
    >>> def fit(split):
    ...     return lambda rows: np.full(rows.sum(), values[split.train].mean())
    >>> cross_fitted(fit, np.array([0, 0, 1, -1])).tolist()
    [8.0, 8.0, 2.0, 5.0]
    """
    scores = np.full((len(folds), *shape), missing, np.float64)
    apart = folds == NO_FOLD
    summed, models = np.zeros((int(apart.sum()), *shape)), 0
    for split in splits(folds):
        predict = fit(split)
        if predict is None:
            continue
        rows = split.held | apart
        values = predict(rows)
        scores[split.held] = values[split.held[rows]]
        summed += values[apart[rows]]
        models += 1
    if models:
        scores[apart] = summed / models
    return scores
