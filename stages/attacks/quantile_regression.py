"""Quantile regression: the loss compared with non-members of similar recording and text (arXiv 2307.03694).

The covariates are the blind features. They correct for properties that make a clip easy for any model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.attacks.crossfit import Predict, out_of_fold
from stages.attacks.ragged import Floats
from stages.attacks.registry import Known, Learned, Sheet, labelled_attack

LEVELS = (50, 95)
"""Percentiles of non-members' scores; percentile 95 is the threshold with 5 % false positives."""
COMPONENTS = 10
CLIPS_PER_COMPONENT = 10
"""Non-members needed per principal component: fewer non-members give fewer components."""


@labelled_attack("quantile_regression")
def quantile_regression(target: Sheet, reference: Sheet | None, known: Known) -> dict[str, Learned]:
    """Return ``quantile_regression@<level>``: mean log-probability minus the quantile predicted for a non-member.

    The score is in nats per token; above 0 the clip would be flagged. The quantile is linear in the leading principal
    components of the blind features. It is fitted on non-members of other speakers, for each role separately.
    """
    components = principal_components(known.blind, COMPONENTS)
    found = {}
    for level in LEVELS:
        sides = [_excess(sheet, components, known, level / 100) for sheet in (target, reference) if sheet is not None]
        found[f"quantile_regression@{level}"] = Learned(sides[0], sides[1] if len(sides) > 1 else None)
    return found


def _excess(sheet: Sheet, components: Floats, known: Known, level: float) -> Floats:
    from sklearn.linear_model import QuantileRegressor

    score = sheet.rows.statistic("logprob").means()

    def fit(train: NDArray[np.bool_]) -> Predict:
        rows = train & ~known.member & np.isfinite(score)
        used = min(components.shape[1], int(rows.sum()) // CLIPS_PER_COMPONENT)
        if not rows.any():
            return lambda table: np.full(len(table), np.nan)
        if not used:  # Too few non-members for any covariate: predict the plain quantile.
            constant = float(np.quantile(score[rows], level, method="inverted_cdf"))
            return lambda table: np.full(len(table), constant)
        model = QuantileRegressor(quantile=level, alpha=0.0, solver="highs-ipm").fit(
            components[rows, :used], score[rows]
        )
        return lambda table: np.asarray(model.predict(table[:, :used]), np.float64)

    return score - out_of_fold(known, [components], fit)[0]


def principal_components(features: Floats, count: int) -> Floats:
    """Return the leading principal components of standardised features, each of unit variance: float64[n, at most d].

    No label is used. A constant feature has no effect.
    """
    if not features.size:
        return np.zeros((len(features), 0))
    spread = features.std(axis=0)
    varies = spread > 1e-9 * (1 + np.abs(features).max(axis=0))
    standard = (features[:, varies] - features[:, varies].mean(axis=0)) / spread[varies]
    strength, axes = np.linalg.eigh(standard.T @ standard / len(standard))
    leading = np.argsort(-strength, kind="stable")[:count]
    leading = leading[strength[leading] > 1e-9]
    return np.asarray(standard @ axes[:, leading] / np.sqrt(strength[leading]))
