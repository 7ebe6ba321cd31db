"""The blind estimators under scikit-learn's conventions: logistic regression, boosting on histograms, and both.

In: features and labels of two classes, and speakers as `groups`. Out: a score that is higher if the second class is
likelier, and calibrated probabilities. The model is that of `stages.blind_baseline.ensemble`, which fits many label
vectors at once; here it is fitted for one. The calibration is learned from out-of-fold scores, so that it never uses a
score of a clip that the model was trained on.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from stages.blind_baseline.ensemble import fit_blind, out_of_fold_scores
from stages.core.inference.conditional import fit_logistic
from stages.core.inference.crossfit import NO_FOLD, PredictRows, Split, cross_fitted
from stages.core.inference.folds import grouped_folds
from stages.core.inference.statistics import Bools, Floats, Ints, renumbered


class BlindClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regressions and boosted stumps, their logits added.

    Parameters
    ----------
    folds : int, default 5
        Number of folds for the out-of-fold scores from which the calibration is learned.
    prior : float or None, default None
        Share of the second class, in (0, 1), among the clips that get probabilities; None takes that of the training
        clips. In cross-fitting, pass the share of the whole corpus: the share in the training folds is lower if the
        share in the held-out fold is higher.
    random_state : int, RandomState instance or None, default 0
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray[2]
    model_ : stages.blind_baseline.ensemble.BlindModel
    calibration_ : tuple of float
        Intercept and slope that turn a score into the logit of a probability at `prior`. The slope is never negative.
    n_features_in_ : int
    """

    parts: tuple[int, ...] = (0, 1)
    """Which parts of the blind model are added up: 0 the logistic regressions, 1 the boosted stumps."""

    def __init__(self, *, folds: int = 5, prior: float | None = None, random_state: Any = 0) -> None:
        self.folds = folds
        self.prior = prior
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Declare to scikit-learn that the estimator takes two classes only."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the model and its calibration.

        Parameters
        ----------
        X : array-like[n, d]
        y : array-like[n]
            Labels of two classes.
        groups : array-like[n], optional
            Speakers; without them, each clip counts as a speaker of its own.

        Returns
        -------
        self
        """
        checked, labels = validate_data(self, X, y, dtype=np.float64)
        rows: Floats = np.asarray(checked)
        check_classification_targets(labels)
        self.classes_, code = np.unique(labels, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target has {len(self.classes_)} classes."
            )
        if len(self.classes_) < 2:
            raise ValueError("The labels hold one class only: both are needed to learn what tells them apart.")
        member = code == 1
        cluster = np.arange(len(rows)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        self.model_ = fit_blind(rows, member[:, None], cluster)
        self.calibration_ = self._calibration(rows, member, cluster)
        return self

    def _calibration(self, X: Floats, member: Bools, cluster: Ints) -> tuple[float, float]:
        share = float(member.mean())
        prior = float(logit(share if self.prior is None else self.prior))
        if min(member.sum(), (~member).sum()) < 2:
            return prior, 0.0
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        folds, _ = grouped_folds(member, renumbered(cluster), self.folds, rng)
        score = self._added(out_of_fold_scores(X, member[:, None], folds, cluster))
        (intercept, slope), _ = fit_logistic(score[:, None], member)
        # A known share of the classes changes only the intercept (Prentice and Pyke 1979).
        return (prior + float(intercept - logit(share)), float(slope)) if slope > 0 else (prior, 0.0)

    def _added(self, parts: Floats) -> Floats:
        """`parts`: float64[2, n, 1]."""
        return np.asarray(parts[list(self.parts)].sum(axis=0)[:, 0])

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the calibrated score, which is the logit of the second class's probability: float64[n].

        If the calibration's slope is 0, a tiny multiple of the model's score keeps the ranking of the clips.
        """
        check_is_fitted(self)
        rows: Floats = np.asarray(validate_data(self, X, dtype=np.float64, reset=False))
        intercept, slope = self.calibration_
        return np.asarray(intercept + (slope or 1e-9) * self._added(self.model_.parts(rows)))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return each class's calibrated probability: float64[n, 2]."""
        second = expit(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class: ndarray[n]."""
        second = self.decision_function(X) > 0
        return np.asarray(self.classes_[second.astype(np.intp)])


class BlindLogistic(BlindClassifier):
    """The logistic regressions of the blind model alone."""

    parts = (0,)


class BlindBoosting(BlindClassifier):
    """The boosted stumps of the blind model alone."""

    parts = (1,)


def out_of_fold_probabilities(
    features: Floats, member: Bools, folds: Ints, cluster: Ints, rng: np.random.Generator
) -> Floats:
    """Return calibrated probabilities from models and calibrations that were not trained on the clip's fold.

    Parameters
    ----------
    features : float64[n, d]
    member : bool[n]
    folds : intp[n]
        `NO_FOLD` for clips that are scored but not trained on. They get the mean over the folds' models.
    cluster : intp[n]
    rng : numpy.random.Generator

    Returns
    -------
    float64[n]
        In (0, 1). If the training clips of a fold lack a class, every value is the share of members.
    """
    known = folds != NO_FOLD
    share, count = float(member[known].mean()), len(np.unique(folds[known]))

    def fit(split: Split) -> PredictRows:
        if member[split.train].all() or not member[split.train].any():
            return lambda rows: np.full(int(rows.sum()), share)
        model = BlindClassifier(folds=count, prior=share, random_state=int(rng.integers(2**31)))
        model.fit(features[split.train], member[split.train], cluster[split.train])
        return lambda rows: model.predict_proba(features[rows])[:, 1]

    return cross_fitted(fit, folds)
