"""The detector keeps scikit-learn's conventions, and sees neighbours as a set."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from stages.fidelity_detector.detector import FidelityDetector
from stages.fidelity_detector.sets import Scaling, codes_of, group_means

GROUPS = ["noise", "gain", "noise", "swap_words", "noise"]
WIDTH = 6


@parametrize_with_checks([FidelityDetector(hidden=4, random_state=0)])
def test_keeps_scikit_learn_conventions(estimator: FidelityDetector, check) -> None:  # type: ignore[no-untyped-def]
    check(estimator)


def made(effect: float, seed: int, clips: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member = np.arange(clips) % 2 == 0
    features = rng.standard_normal((clips, len(GROUPS), WIDTH))
    features[member, :, 0] += effect
    return features.reshape(clips, -1), member, rng.integers(0, 24, clips)


def detector(seed: int = 0) -> FidelityDetector:
    return FidelityDetector(groups=GROUPS, random_state=seed)


def test_the_same_seed_gives_the_same_scores_and_another_seed_others() -> None:
    features, member, speaker = made(0.5, 0)
    first, again, other = (detector(seed).fit(features, member, speaker) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.decision_function(features), again.decision_function(features))
    assert not np.array_equal(first.decision_function(features), other.decision_function(features))


def test_a_score_depends_in_no_digit_on_the_rows_beside_it() -> None:
    features, member, _ = made(0.5, 0)
    fitted = detector().fit(features, member)
    scores = fitted.decision_function(features)
    order = np.random.default_rng(0).permutation(len(member))
    np.testing.assert_array_equal(fitted.decision_function(features[order]), scores[order])
    np.testing.assert_array_equal(fitted.decision_function(features[:1]), scores[:1])
    np.testing.assert_allclose(fitted.batch(features), scores, rtol=1e-9)


def test_neighbours_of_one_perturbation_may_come_in_any_order_others_not() -> None:
    features, member, _ = made(0.5, 0)
    fitted = detector().fit(features, member)
    sets = features.reshape(-1, len(GROUPS), WIDTH)
    alike, unlike = sets[:, [4, 1, 0, 3, 2]], sets[:, [1, 0, 2, 3, 4]]
    scores = fitted.decision_function(features)
    np.testing.assert_allclose(fitted.decision_function(alike.reshape(len(sets), -1)), scores, rtol=1e-9)
    assert np.abs(fitted.decision_function(unlike.reshape(len(sets), -1)) - scores).max() > 0.01


def test_training_stops_early_where_there_is_nothing_to_learn() -> None:
    steps = [step for seed in range(4) for step in detector(seed).fit(*made(0.0, seed)).epochs_]
    assert np.mean(steps) < 40
    assert len(steps) == 4 * 4


def test_what_cannot_be_fitted_is_named() -> None:
    features, member, _ = made(0.5, 0)
    with pytest.raises(ValueError, match="29 features cannot be shared by 5 neighbours"):
        detector().fit(features[:, :-1], member)
    with pytest.raises(ValueError, match="y has 1 class"):
        detector().fit(features, np.ones(len(member)))


def test_scaling_is_that_of_the_training_rows_and_of_each_perturbation() -> None:
    codes = codes_of(["a", "b", "a"])
    assert codes.tolist() == [0, 1, 0]
    values = np.array([[0.0, 10.0, 4.0], [1.0, 10.0, 3.0], [2.0, 10.0, 2.0]])  # one feature of three neighbours
    scaling = Scaling.fitted(values, codes)
    assert scaling.center.tolist() == [[2.0], [10.0]]
    assert scaling.scale.tolist() == [
        [1.5],
        [1.0],
    ]  # 1.25 and 2.75 are the quartiles of 0 1 2 2 3 4; a constant has none
    scaled = scaling.scaled(np.array([[2.0, 11.0, 1e9]]))
    assert scaled[0, :, 0].tolist() == [0.0, 1.0, 5.0]
    assert group_means(scaled, codes).tolist() == [[2.5, 1.0]]
