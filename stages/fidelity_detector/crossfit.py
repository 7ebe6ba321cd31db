"""Out-of-fold scores: the detector that scores a clip was not fitted on any clip of the same speaker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from stages.core.inference.crossfit import PredictRows, Split, cross_fitted
from stages.core.inference.folds import grouped_folds
from stages.core.inference.statistics import column_aucs
from stages.fidelity_detector.labels import Bools, Ints, Lesson
from stages.fidelity_detector.sets import Floats

Fit = Callable[[Floats, Bools, Ints, int], Any]
"""Maps features, labels, speakers and a seed to a fitted estimator with a `decision_function`."""


@dataclass(frozen=True)
class CrossFitted:
    """Out-of-fold scores of every clip; NaN if no fold could score it.

    Attributes
    ----------
    target : float64[n]
        Log-odds of membership from the target's fidelity features.
    reference : float64[n] or None
        The scores that the same detectors give to the reference's features.
    fitted : list of (bool[n], Any)
        For every fold that could be fitted: the clips that it holds out, and the detector that scored them.
    """

    target: Floats
    reference: Floats | None
    fitted: list[tuple[Bools, Any]]


def deal(lesson: Lesson, folds: int, rng: np.random.Generator) -> Ints:
    """Assign clips to folds by speaker: intp[n]."""
    return grouped_folds(lesson.member, lesson.cluster, folds, rng)[0]


def crossfit(fit: Fit, lesson: Lesson, folds: Ints, seed: int) -> CrossFitted:
    """Cross-fit a detector (`stages.core.inference.crossfit`), and keep the fitted detectors.

    Parameters
    ----------
    fit : callable
        Scaling and every data-dependent choice belong inside it.
    lesson : Lesson
    folds : intp[n]
        A fold is not scored if the other folds hold fewer than two rows of a class.
    seed : int
    """
    sides = [lesson.target] if lesson.reference is None else [lesson.target, lesson.reference]
    fitted: list[tuple[Bools, Any]] = []

    def one(split: Split) -> PredictRows | None:
        features, label, cluster = lesson.rows(split.train)
        if min(label.sum(), (~label).sum()) < 2:
            return None
        found = fit(features, label, cluster, (seed + split.fold) % 2**31)
        fitted.append((split.held, found))
        return lambda rows: np.column_stack([found.decision_function(side[rows]) for side in sides])

    scores = cross_fitted(one, folds, (len(sides),)).T.copy()
    return CrossFitted(scores[0], None if lesson.reference is None else scores[1], fitted)


def logistic_regression(features: Floats, label: Bools, cluster: Ints, seed: int) -> Any:
    """Fit the linear baseline for the network, on each perturbation's mean features."""
    model = LogisticRegression(C=0.03, max_iter=3000, class_weight="balanced")
    return make_pipeline(RobustScaler(), model).fit(features, label)


@dataclass(frozen=True)
class SingleNeighbour:
    """A score from one feature of one neighbour, signed so that higher means member.

    Attributes
    ----------
    column : int
    center, scale : float
        Median and signed interquartile range on the training rows, so that the scores of folds are comparable.
    """

    column: int
    center: float
    scale: float

    def decision_function(self, features: Floats) -> Floats:
        """Return the feature, signed and scaled: float64[n]."""
        return np.asarray((features[:, self.column] - self.center) / self.scale)


def single_neighbour(features: Floats, label: Bools, cluster: Ints, seed: int) -> SingleNeighbour:
    """Choose the feature of one neighbour that separates the training rows best, in either direction."""
    aucs = column_aucs(features, np.repeat(label[:, None], features.shape[1], axis=1))
    column = int(np.argmax(np.abs(aucs - 0.5)))
    low, center, high = np.percentile(features[:, column], [25, 50, 75])
    scale = float(high - low) or 1.0
    return SingleNeighbour(column, float(center), scale if aucs[column] >= 0.5 else -scale)
