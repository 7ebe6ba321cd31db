"""The detector keeps scikit-learn's conventions, finds what is there and nothing where there is nothing."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from stages.fidelity_detector.crossfit import crossfit, logistic_regression
from stages.fidelity_detector.detector import FidelityDetector


@parametrize_with_checks([FidelityDetector(epochs=200, hidden=4, random_state=0)])
def test_keeps_scikit_learn_conventions(estimator: FidelityDetector, check) -> None:  # type: ignore[no-untyped-def]
    check(estimator)


def made(effect: float, seed: int, clips: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member = np.arange(clips) % 2 == 0
    features = rng.standard_normal((clips, 5, 9))
    features[member, :, 0] += effect
    return features.reshape(clips, -1), member, rng.integers(0, 24, clips)


def network(seed: int) -> FidelityDetector:
    return FidelityDetector(neighbours=5, random_state=seed)


@pytest.mark.parametrize("estimator", [network, logistic_regression])
def test_a_planted_difference_is_found_and_kept_from_the_reference(estimator) -> None:  # type: ignore[no-untyped-def]
    features, member, speaker = made(1.2, 0)
    noise = made(0.0, 1)[0]
    found = crossfit(estimator, features, noise, member, speaker, 5, 3)
    assert roc_auc_score(member, found.target) > 0.8
    assert found.reference is not None
    assert abs(roc_auc_score(member, found.reference) - 0.5) < 0.2


def test_noise_gives_chance_on_average() -> None:
    aucs = []
    for seed in range(12):
        features, member, speaker = made(0.0, seed)
        aucs.append(roc_auc_score(member, crossfit(network, features, None, member, speaker, 5, seed).target))
    assert abs(np.mean(aucs) - 0.5) < 3 * 0.055 / np.sqrt(12)  # 0.055: deviation of an AUC at 60 against 60


def test_the_same_seed_gives_the_same_scores_and_rows_may_come_in_any_order() -> None:
    features, member, _ = made(0.5, 0)
    detector = network(4).fit(features, member)
    again = network(4).fit(features, member)
    np.testing.assert_array_equal(detector.decision_function(features), again.decision_function(features))
    order = np.random.default_rng(0).permutation(len(member))
    np.testing.assert_allclose(
        detector.decision_function(features)[order], detector.decision_function(features[order]), atol=1e-6
    )


@pytest.mark.parametrize("member", [np.ones(6, bool), np.array([True, False, False, False, False, False])])
def test_too_few_of_one_class_score_nothing(member: np.ndarray) -> None:
    found = crossfit(logistic_regression, np.zeros((6, 4)), None, member, np.arange(6), 5, 0)
    assert np.isnan(found.target).all()


def test_no_fold_splits_a_speaker() -> None:
    """Labels that follow speakers can be read off a column that names them, unless folds keep speakers apart."""
    speaker = np.repeat(np.arange(24), 5)
    member = np.random.default_rng(0).permutation(24)[speaker] % 2 == 0
    named = np.eye(24)[speaker]
    found = crossfit(logistic_regression, named, None, member, speaker, 5, 0)
    assert roc_auc_score(member, found.target) <= 0.5
