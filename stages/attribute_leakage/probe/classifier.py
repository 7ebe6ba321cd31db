"""A logistic regression whose penalty is chosen inside the clips that it is fitted on.

The penalty is chosen by folds of whole speakers among the training clips, and features are standardised by each fit's
own training clips, so that nothing of a test speaker has a say in how the speaker is judged.
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
"""Inverse penalties tried, from the strictest: among equals the strictest is taken."""
INNER_FOLDS = 3
STEPS = 300
TOLERANCE = 1e-3
ATTEMPTS = 10
"""Deals of speakers tried until every training part holds every class."""

Represent = Callable[[Ints, Ints], tuple[Floats, Floats]]
"""From places of training and test clips to their features float64[n, r], fitted on the training clips alone."""


def dealt(labels: Ints, speaker: Ints, count: int, seed: int) -> Ints | None:
    """Deal speakers into folds that have each class's share; None where no deal leaves every class to train on.

    Any number of classes, which `stages.core.inference.folds.grouped_folds` does not balance.

    Parameters
    ----------
    labels, speaker : intp[n]
    count : int
        Folds wished for; fewer where a class has fewer speakers.
    seed : int

    Returns
    -------
    intp[n] or None
        Each clip's fold.
    """
    classes = np.unique(labels)
    fewest = min((len(np.unique(speaker[labels == label])) for label in classes), default=0)
    if len(classes) < 2 or fewest < 2:
        return None
    for attempt in range(ATTEMPTS):
        folds = np.zeros(len(labels), np.intp)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # classes with fewer clips than folds, which fold anyway
            splitter = StratifiedGroupKFold(min(count, fewest), shuffle=True, random_state=(seed + attempt) % 2**32)
            for fold, (_, test) in enumerate(splitter.split(labels, labels, speaker)):
                folds[test] = fold
        if all(len(np.unique(labels[split.train])) == len(classes) for split in splits(folds)):
            return folds
    return None


def standardised(features: Floats) -> Represent:
    """Return features standardised by the training clips; where there are more than clips, in the space they span.

    A penalised regression's slopes lie in the span of the training clips, so the fit is the same there and costs
    what the clips cost, not what the model's width costs.
    """

    def represent(train: Ints, test: Ints) -> tuple[Floats, Floats]:
        centre, scale = features[train].mean(axis=0), features[train].std(axis=0)
        scale[scale < 1e-8 * np.maximum(np.abs(centre), 1)] = np.inf  # what never varies tells nothing
        return spanned((features[train] - centre) / scale, (features[test] - centre) / scale)

    return represent


def spanned(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Return both in the coordinates of the space that the training rows span, if that is the smaller one."""
    if train.shape[1] <= len(train):
        return train, test
    values, axes = np.linalg.eigh(train @ train.T)
    kept = values > 1e-10 * max(values[-1], 1e-300)
    roots = np.sqrt(values[kept])
    return axes[:, kept] * roots, test @ train.T @ (axes[:, kept] / roots)


def predicted(represent: Represent, labels: Ints, speaker: Ints, folds: Ints, seed: int) -> Ints:
    """Return every clip's class as told by the regression that never met its speaker: intp[n]."""

    def fit(split: Split) -> PredictRows:
        train = np.flatnonzero(split.train)
        strength = _strength(represent, labels, speaker, train, seed)
        return lambda rows: _told(*represent(train, np.flatnonzero(rows)), labels[train], strength)

    with threadpool_limits(1):  # threads slow thousands of small fits down fivefold
        return cross_fitted(fit, folds).astype(np.intp)


def _strength(represent: Represent, labels: Ints, speaker: Ints, train: Ints, seed: int) -> float:
    """Choose among the training clips; the strictest where a class has a single speaker left."""
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
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is one more shrinkage
        model.fit(known, labels)
    return np.asarray(model.predict(unknown), np.intp)
