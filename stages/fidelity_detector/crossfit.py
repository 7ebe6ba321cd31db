"""Out-of-fold detector scores: no clip, and no other clip of its speaker, is scored by a detector that saw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CrossFitted:
    """Scores of every clip, NaN where no fold could score it.

    Attributes
    ----------
    target : float64[n]
        Log-odds of membership from the target's fidelity features.
    reference : float64[n] or None
        The same fitted detectors on the reference's features.
    """

    target: Floats
    reference: Floats | None


def logistic_regression(random_state: int) -> Any:
    """Return the linear model that the network must not fall behind, on the same features."""
    return make_pipeline(RobustScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced"))


def crossfit(
    estimator: Callable[[int], Any],
    target: Floats,
    reference: Floats | None,
    member: NDArray[np.bool_],
    cluster: NDArray[np.intp],
    folds: int,
    seed: int,
) -> CrossFitted:
    """Fit on all folds but one and score that one, for every fold.

    Parameters
    ----------
    estimator : callable
        From a seed to an unfitted classifier with a `decision_function`; scaling belongs inside it.
    target, reference : float64[n, d]
        Fidelity features of the same clips.
    member : bool[n]
    cluster : intp[n]
        Speakers, whom no fold may split.
    folds : int
        At most; fewer where there are fewer speakers. A fold whose training rows have one class scores nothing.
    seed : int
    """
    scores = np.full(len(member), np.nan)
    on_reference = np.full(len(member), np.nan)
    count = min(folds, len(np.unique(cluster)), int(member.sum()), int((~member).sum()))
    if count >= 2:
        split = StratifiedGroupKFold(count, shuffle=True, random_state=seed % 2**32)
        for fold, (train, test) in enumerate(split.split(target, member, cluster)):
            if len(np.unique(member[train])) < 2:
                continue
            fitted = clone(estimator((seed + fold) % 2**31)).fit(target[train], member[train])
            scores[test] = fitted.decision_function(target[test])
            if reference is not None:
                on_reference[test] = fitted.decision_function(reference[test])
    return CrossFitted(scores, None if reference is None else on_reference)
