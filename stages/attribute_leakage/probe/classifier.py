"""A cross-fitted logistic regression whose penalty is chosen within the training clips.

The penalty is chosen by inner folds of whole speakers among the training clips. Features are standardised by the
training clips of each fit. A test speaker therefore has no influence on the model that classifies this speaker's clips.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from stages.attribute_leakage.weigh.intervals import balanced_accuracy
from stages.core.inference.crossfit import PredictRows, Split, cross_fitted, splits
from stages.core.inference.statistics import Bools, Floats, Ints

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
"""Inverse penalties that are tried, from the strongest penalty on. Among equally good ones the strongest is taken."""
INNER_FOLDS = 3
STEPS = 300
TOLERANCE = 1e-3
ATTEMPTS = 10
"""The largest number of random fold assignments that are tried until every training part has every class."""

Represent = Callable[[Ints, Ints], tuple[Floats, Floats]]
"""From the positions of training and test clips to the features float64[n, r] of both, fitted on the training clips."""


def dealt(labels: Ints, speaker: Ints, count: int, seed: int) -> Ints | None:
    """Assign whole speakers to folds that are balanced by class.

    There may be any number of classes; `stages.core.inference.folds.grouped_folds` balances only two.

    Parameters
    ----------
    labels, speaker : intp[n]
    count : int
        Number of folds; it is reduced to the number of speakers of the rarest class.
    seed : int

    Returns
    -------
    intp[n] or None
        Each clip's fold. None with fewer than two classes, with a class of fewer than two speakers, and where no
        assignment leaves every class in every training part.
    """
    classes = np.unique(labels)
    fewest = min((len(np.unique(speaker[labels == label])) for label in classes), default=0)
    if len(classes) < 2 or fewest < 2:
        return None
    for attempt in range(ATTEMPTS):
        folds = np.zeros(len(labels), np.intp)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class with fewer clips than folds; checked below
            splitter = StratifiedGroupKFold(min(count, fewest), shuffle=True, random_state=(seed + attempt) % 2**32)
            for fold, (_, test) in enumerate(splitter.split(labels, labels, speaker)):
                folds[test] = fold
        if all(len(np.unique(labels[split.train])) == len(classes) for split in splits(folds)):
            return folds
    return None


def standardised(features: Floats) -> Represent:
    """Return a function that standardises features by the training clips.

    Where there are more features than training clips, the features are projected onto the space that these clips span.
    The slopes of a penalised regression lie in this space, so the fit is the same. Its cost then depends on the number
    of clips, not on the width of the model.
    """

    def represent(train: Ints, test: Ints) -> tuple[Floats, Floats]:
        centre, scale = features[train].mean(axis=0), features[train].std(axis=0)
        scale[scale < 1e-8 * np.maximum(np.abs(centre), 1)] = np.inf  # a constant feature carries no information
        return spanned((features[train] - centre) / scale, (features[test] - centre) / scale)

    return represent


def spanned(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Return both in coordinates of the space that the training rows span, if there are fewer rows than features."""
    if train.shape[1] <= len(train):
        return train, test
    values, axes = np.linalg.eigh(train @ train.T)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    roots = np.sqrt(values[kept])
    return axes[:, kept] * roots, test @ train.T @ (axes[:, kept] / roots)


def predicted(represent: Represent, labels: Ints, speaker: Ints, folds: Ints, seed: int) -> Ints:
    """Return the out-of-fold class of every clip, by a regression that was not fitted on its speaker: intp[n]."""

    def fit(split: Split) -> PredictRows:
        train = np.flatnonzero(split.train)
        strength = _strength(represent, labels, speaker, train, seed)
        return lambda rows: _told(*represent(train, np.flatnonzero(rows)), labels[train], strength)

    with threadpool_limits(1):  # several threads make thousands of small fits five times slower
        return cross_fitted(fit, folds).astype(np.intp)


def _strength(represent: Represent, labels: Ints, speaker: Ints, train: Ints, seed: int) -> float:
    """Choose the penalty by inner folds of the training clips; the strongest where no inner folds can be made."""
    inner = dealt(labels[train], speaker[train], INNER_FOLDS, seed)
    if inner is None:
        return STRENGTHS[0]

    def fit(split: Split) -> PredictRows:
        part = train[split.train]

        def tell(rows: Bools) -> Floats:
            known, unknown = represent(part, train[rows])
            return np.column_stack([_told(known, unknown, labels[part], strength) for strength in STRENGTHS])

        return tell

    told = cross_fitted(fit, inner, (len(STRENGTHS),))
    found = [balanced_accuracy(column == labels[train], labels[train]) or 0.0 for column in told.T]
    return STRENGTHS[int(np.argmax(np.round(found, 9)))]


def _told(known: Floats, unknown: Floats, labels: Ints, strength: float) -> Ints:
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=STEPS, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # early stopping only adds shrinkage
        model.fit(known, labels)
    return np.asarray(model.predict(unknown), np.intp)
