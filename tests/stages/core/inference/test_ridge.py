"""Cross-fitted ridge regression: against scikit-learn's fits, and on noise."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from stages.core.inference.ridge import CrossFittedRidge, Rotation


@pytest.mark.parametrize("width", [3, 80])
def test_slopes_agree_with_scikit_learn_at_the_chosen_penalty(width: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, width)) * np.linspace(1, 9, width)
    target = features[:, :1] + rng.normal(size=(50, 1))
    rotation = Rotation(features)
    penalty = float(rotation.penalties(features, target)[0])
    scaler = StandardScaler().fit(features)
    fitted = Ridge(alpha=penalty).fit(scaler.transform(features), target[:, 0])
    assert rotation.slopes(features, target)[:, 0] * scaler.scale_ == pytest.approx(fitted.coef_, abs=1e-8)


def test_the_penalty_grows_with_the_noise() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(100, 20))
    clear = features @ np.ones(20)
    targets = np.column_stack([clear, clear + 30 * rng.normal(size=100)])
    strong, weak = Rotation(features).penalties(features, targets)
    assert strong < weak


def test_no_clip_is_predicted_by_its_own_fold() -> None:
    rng = np.random.default_rng(2)
    features, folds, target = rng.normal(size=(40, 5)), np.arange(40) % 4, rng.normal(size=(40, 1))
    before = CrossFittedRidge(features, folds).predict(target)
    target[folds == 0] += 100
    after = CrossFittedRidge(features, folds).predict(target)
    assert after[folds == 0] == pytest.approx(before[folds == 0])
    assert np.abs(after[folds == 1] - before[folds == 1]).max() > 0.01


@pytest.mark.parametrize("features", [np.zeros((12, 0)), np.full((12, 2), 7.0)], ids=["none", "constant"])
def test_features_that_say_nothing_predict_nothing(features: np.ndarray) -> None:
    predicted = CrossFittedRidge(features, np.arange(12) % 3).predict(np.arange(12.0)[:, None])
    assert (predicted == 0).all()


def test_noise_predicts_nothing_in_either_direction() -> None:
    # With the training mean left in, the correlation would be below zero by construction.
    rng = np.random.default_rng(3)
    correlations = []
    for _ in range(100):
        target = rng.normal(size=(60, 1))
        predicted = CrossFittedRidge(rng.normal(size=(60, 10)), np.arange(60) % 3).predict(target)
        correlations.append(np.corrcoef(predicted[:, 0], target[:, 0])[0, 1])
    assert abs(np.mean(correlations)) < 0.06
