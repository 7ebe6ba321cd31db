"""The blind model: two logistic regressions and boosted stumps, added up; for many label vectors at once.

They fail on different corpora: all features together see a shift that is spread thinly over many of them, the few that
separate on their own generalise from few speakers, stumps see what is not linear. On a handful of speakers a choice
between them is mostly luck, so their logits are added and nothing is chosen but what each chooses for itself inside the
training clips: penalty, features, cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.blind_baseline.boosting import Stumps, fit_stumps
from stages.blind_baseline.logistic import slopes_of_all, slopes_of_few
from stages.blind_baseline.separation import separation, strongest
from stages.core.inference.crossfit import PredictRows, Split, cross_fitted
from stages.core.inference.statistics import Bools, Floats, Ints

EXTREME = 2.0
"""Deviations at which a standardised value is cut off: one odd voice or clip decides nothing."""

FEW = 16
CLIPS_PER_FEATURE = 20
"""Stumps choose among `FEW` features, or one for so many training clips, if that is more."""


@dataclass(frozen=True)
class BlindModel:
    """What was learned from some clips, for k label vectors.

    Attributes
    ----------
    centre, scale : float64[d]
        Mean and deviation over the training clips; the scale of a constant is infinite.
    slopes : float64[d, k]
        Of both logistic regressions together.
    stumps : Stumps
    """

    centre: Floats
    scale: Floats
    slopes: Floats
    stumps: Stumps

    def parts(self, rows: Floats) -> Floats:
        """Return what the logistic regressions and the stumps give each row: float64[2, n, k].

        Without intercepts: a training share is the lower the higher the held-out one is, and would make a score from
        noise worse than chance.
        """
        standard = _standard(rows, self.centre, self.scale)
        return np.stack([standard @ self.slopes, self.stumps.scores(standard)])


def fit_blind(train: Floats, labels: Bools, cluster: Ints) -> BlindModel:
    """Fit the blind model.

    Parameters
    ----------
    train : float64[n, d]
        Finite.
    labels : bool[n, k]
        A label vector of one class gets a score of 0.
    cluster : intp[n]
        Speakers.

    Returns
    -------
    BlindModel
    """
    centre, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > 1e-9 * (1 + np.abs(train).max(axis=0, initial=0)), spread, np.inf)
    standard = _standard(train, centre, scale)
    alone = separation(standard, labels, cluster)
    slopes = slopes_of_all(standard, labels) + slopes_of_few(standard, labels, alone, FEW)
    # What lies far out on either side separates as well, and a cut finds it.
    distance = np.abs(standard)
    apart = separation(distance - distance.mean(axis=0), labels, cluster)
    allowed = strongest(np.maximum(alone, apart), max(FEW, len(train) // CLIPS_PER_FEATURE))
    return BlindModel(centre, scale, slopes, fit_stumps(standard, labels, allowed))


def _standard(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    return np.asarray(np.clip((rows - centre) / scale, -EXTREME, EXTREME))


def out_of_fold_scores(features: Floats, labels: Bools, folds: Ints, cluster: Ints) -> Floats:
    """Return out-of-fold blind scores for every label vector, by what gave them.

    Parameters
    ----------
    features : float64[n, d]
    labels : bool[n, k]
    folds : intp[n]
        `NO_FOLD` for rows that are scored but not learned from: they get the mean over the folds' models.
    cluster : intp[n]
        Speakers; what it says of rows without a fold does not matter.

    Returns
    -------
    float64[2, n, k]
        Of the logistic regressions and of the stumps; the blind score, higher = more like a member, is their sum.
    """

    def fit(split: Split) -> PredictRows:
        model = fit_blind(features[split.train], labels[split.train], cluster[split.train])
        return lambda rows: np.moveaxis(model.parts(features[rows]), 0, 1)

    scores = cross_fitted(fit, folds, (2, labels.shape[1]), missing=0.0)
    return np.ascontiguousarray(np.moveaxis(scores, 1, 0))
