"""The estimators under scikit-learn's own checks, and their calibration."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from stages.blind_baseline.estimators import BlindBoosting, BlindClassifier, BlindLogistic, out_of_fold_probabilities
from stages.core.inference.folds import grouped_folds


@parametrize_with_checks([BlindClassifier(), BlindLogistic(), BlindBoosting()])
def test_conventions(estimator: BlindClassifier, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def noisy(seed: int, shift: float, clips: int = 600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member = rng.random(clips) < 0.4
    features = rng.normal(size=(clips, 60))
    features[member, :3] += shift
    return features, member


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_out_of_fold_probabilities_are_calibrated(shift: float) -> None:
    features, member = noisy(0, shift)
    rng = np.random.default_rng(0)
    folds, _ = grouped_folds(member, np.arange(len(member)), 5, rng)
    probability = out_of_fold_probabilities(features, member, folds, np.arange(len(member)), rng)
    assert probability.mean() == pytest.approx(member.mean(), abs=0.05)
    order = np.argsort(probability)
    for part in np.array_split(order, 4):
        assert probability[part].mean() == pytest.approx(member[part].mean(), abs=0.1)


def test_noise_gives_probabilities_near_the_share_of_members() -> None:
    features, member = noisy(1, 0.0)
    rng = np.random.default_rng(1)
    folds, _ = grouped_folds(member, np.arange(len(member)), 5, rng)
    probability = out_of_fold_probabilities(features, member, folds, np.arange(len(member)), rng)
    assert np.abs(probability - member.mean()).max() < 0.25


def test_a_known_share_moves_probabilities_and_not_their_order() -> None:
    features, member = noisy(2, 1.0)
    rare, common = (BlindClassifier(prior=prior).fit(features, member) for prior in (0.1, 0.9))
    assert rare.predict_proba(features)[:, 1].mean() < 0.3 < 0.7 < common.predict_proba(features)[:, 1].mean()
    scores = [np.argsort(model.decision_function(features)).tolist() for model in (rare, common)]
    assert scores[0] == scores[1]
