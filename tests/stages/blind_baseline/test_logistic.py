"""Logistic regressions for many label vectors at once, against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from stages.blind_baseline.logistic import FEW_PENALTY, PRECEDENCE, fit, slopes_of_all, slopes_of_few
from stages.core.inference.ridge import Rotation


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


def test_the_few_features_have_the_slopes_of_scikit_learn_and_the_others_none() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(100, 6))
    labels = np.column_stack([features[:, 4] + rng.normal(size=100) > 0, rng.random(100) < 0.4])
    separations = np.zeros((6, 2))
    separations[[4, 0, 1, 3], [0, 1, 0, 1]] = 2.0, 2.0, 1.9, 1.9
    slopes = slopes_of_few(features, labels, separations, 2)
    for column, chosen in enumerate(([4, 1], [0, 3])):
        scale = np.array([1.0, 0.95**PRECEDENCE])
        of_two = LogisticRegression(C=1 / (FEW_PENALTY * 100), tol=1e-9)
        fitted = of_two.fit(features[:, chosen] * scale, labels[:, column])
        assert slopes[chosen, column] == pytest.approx(fitted.coef_[0] * scale, abs=1e-3)
    assert (slopes[[0, 2, 3, 5], 0] == 0).all()


def test_each_label_vector_is_fitted_on_its_own() -> None:
    rng = np.random.default_rng(2)
    features, labels = rng.normal(size=(60, 5)), rng.random((60, 3)) < 0.5
    together = slopes_of_all(features, labels)
    assert together[:, [1]] == pytest.approx(slopes_of_all(features, labels[:, [1]]), abs=2e-3)
