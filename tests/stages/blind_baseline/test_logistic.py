"""Cross-fitted logistic regression for many label vectors, against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from stages.blind_baseline.logistic import cross_fitted_logits, fit
from stages.core.ridge import Rotation
from stages.core.statistics import auc


@pytest.mark.parametrize("width", [4, 60])
def test_fit_agrees_with_scikit_learn(width: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, width)) * np.linspace(1, 5, width)
    labels = np.column_stack([features[:, 0] + rng.normal(size=80) > 0.5, rng.random(80) < 0.3])
    rotation = Rotation(features)
    slopes, intercept = fit(rotation.project(features), rotation.strength, labels, np.array([20.0, 5.0]))
    logits = rotation.project(features) @ slopes + intercept
    for column, penalty in ((0, 20.0), (1, 5.0)):
        standard = StandardScaler().fit_transform(features)
        fitted = LogisticRegression(C=1 / penalty, tol=1e-9).fit(standard, labels[:, column])
        assert logits[:, column] == pytest.approx(fitted.decision_function(standard), abs=2e-2)


def test_noise_is_at_chance_and_an_effect_is_found() -> None:
    rng = np.random.default_rng(1)
    member, folds = np.arange(300) % 2 == 0, np.arange(300) // 2 % 5
    noise = rng.normal(size=(300, 30))
    assert abs(auc(cross_fitted_logits(noise, member[:, None], folds)[:, 0], member) - 0.5) < 0.1
    noise[member, 0] += 2
    assert auc(cross_fitted_logits(noise, member[:, None], folds)[:, 0], member) > 0.85


def test_rows_without_a_label_are_scored_and_change_nothing() -> None:
    rng = np.random.default_rng(2)
    member, folds = np.arange(100) % 2 == 0, np.arange(100) // 2 % 5
    features = rng.normal(size=(100, 3)) + member[:, None]
    alone = cross_fitted_logits(features, member[:, None], folds)
    extra = np.vstack([features, [[5.0, 5.0, 5.0]]])
    both = cross_fitted_logits(extra, np.append(member, False)[:, None], np.append(folds, -1))
    assert both[:-1] == pytest.approx(alone)
    assert both[-1, 0] > 2


def test_perfect_separation_stays_finite() -> None:
    member, folds = np.arange(60) % 2 == 0, np.arange(60) // 2 % 5
    logits = cross_fitted_logits(member[:, None] * 1.0, member[:, None], folds)[:, 0]
    assert np.isfinite(logits).all()
    assert auc(logits, member) == 1.0
