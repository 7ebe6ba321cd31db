"""The blind model: the sum of two logistic regressions and boosted stumps, for many label vectors at once.

The three fail on different corpora. A regression on all features finds a shift that is spread thinly over many of them.
A regression on the few features that separate on their own generalises from few speakers. Stumps find differences that
are not linear. With a handful of speakers a choice between the three would mostly be luck, so their logits are added.
Each chooses only its own penalty, features or cuts, inside the training clips.
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
"""Standardised values are clipped at this many deviations, so that one odd voice or clip decides nothing."""

FEW = 16
CLIPS_PER_FEATURE = 20
"""Stumps choose among `FEW` features, or among one feature per this many training clips if that is more."""


@dataclass(frozen=True)
class BlindModel:
    """A blind model that was fitted to some clips, for k label vectors.

    Attributes
    ----------
    centre, scale : float64[d]
        Mean and deviation over the training clips; the scale of a constant is infinite.
    slopes : float64[d, k]
        Sum of both logistic regressions' slopes.
    stumps : Stumps
    """

    centre: Floats
    scale: Floats
    slopes: Floats
    stumps: Stumps

    def parts(self, rows: Floats) -> Floats:
        """Return each row's scores by the logistic regressions and by the stumps: float64[2, n, k].

        Scores have no intercepts. The more members a held-out fold has, the fewer its training folds have, so an
        intercept would make a score from noise worse than chance.
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
        Scores are 0 for a label vector with one class only.
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
    # A class with extreme values in both directions can have an ordinary mean. A cut still finds it.
    distance = np.abs(standard)
    apart = separation(distance - distance.mean(axis=0), labels, cluster)
    allowed = strongest(np.maximum(alone, apart), max(FEW, len(train) // CLIPS_PER_FEATURE))
    return BlindModel(centre, scale, slopes, fit_stumps(standard, labels, allowed))


def _standard(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    return np.asarray(np.clip((rows - centre) / scale, -EXTREME, EXTREME))


def out_of_fold_scores(features: Floats, labels: Bools, folds: Ints, cluster: Ints) -> Floats:
    """Return out-of-fold blind scores for every label vector, separately for each kind of estimator.

    Parameters
    ----------
    features : float64[n, d]
    labels : bool[n, k]
    folds : intp[n]
        `NO_FOLD` for rows that are scored but not trained on. They get the mean over the folds' models.
    cluster : intp[n]
        Speakers. The values of rows without a fold are not used.

    Returns
    -------
    float64[2, n, k]
        Scores of the logistic regressions and of the stumps. Their sum is the blind score, higher = more like a member.
    """

    def fit(split: Split) -> PredictRows:
        model = fit_blind(features[split.train], labels[split.train], cluster[split.train])
        return lambda rows: np.moveaxis(model.parts(features[rows]), 0, 1)

    scores = cross_fitted(fit, folds, (2, labels.shape[1]), missing=0.0)
    return np.ascontiguousarray(np.moveaxis(scores, 1, 0))
