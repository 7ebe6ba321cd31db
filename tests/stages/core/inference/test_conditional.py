"""What an attack adds to the blind score: against independent fits and by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.core.inference.bootstrap import speaker_draws
from stages.core.inference.conditional import delta_auc, fit_logistic, likelihood_ratio_p, odds_weights, weighted_auc
from stages.core.inference.statistics import auc


def test_logistic_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 2)) * [1, 50] + [0, 9]
    member = rng.random(300) < 1 / (1 + np.exp(-columns[:, 0]))
    beta, _ = fit_logistic(columns, member)
    fitted = LogisticRegression(C=1e6, solver="newton-cholesky", tol=1e-9).fit(columns, member)
    assert beta == pytest.approx([fitted.intercept_[0], *fitted.coef_[0]], rel=1e-3, abs=1e-4)


def test_perfect_separation_ends() -> None:
    beta, likelihood = fit_logistic(np.arange(10.0)[:, None], np.arange(10) > 4)
    assert np.isfinite(beta).all()
    assert -0.2 < likelihood < 0


def test_likelihood_ratio_p_is_uniform_without_an_effect() -> None:
    rng = np.random.default_rng(1)
    p = [likelihood_ratio_p(rng.normal(size=200), rng.normal(size=200), np.arange(200) % 2 == 0) for _ in range(200)]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.10


def test_likelihood_ratio_of_a_constant_is_one() -> None:
    assert likelihood_ratio_p(np.arange(20.0), np.ones(20), np.arange(20) % 2 == 0) == pytest.approx(1.0)


def test_odds_weights_by_hand() -> None:
    weights = odds_weights(np.array([0.8, 0.8, 0.99]), np.array([True, False, False]), 0.05)
    assert weights == pytest.approx([1.0, 4.0, 0.0])


def test_weighted_auc_by_hand() -> None:
    # Members at 1 and 3, others at 0 (weight 1) and 2 (weight 3): (1 + 4) / (2 * 4).
    score, member = np.array([1.0, 3.0, 0.0, 2.0]), np.array([True, True, False, False])
    area, effective = weighted_auc(score, member, np.array([1.0, 1.0, 1.0, 3.0]))
    assert area == pytest.approx(5 / 8)
    assert effective == pytest.approx(2 + 16 / 10)


def test_equal_weights_are_no_weights() -> None:
    rng = np.random.default_rng(2)
    score, member = rng.integers(0, 5, 40).astype(float), np.arange(40) % 2 == 0
    assert weighted_auc(score, member, np.ones(40))[0] == pytest.approx(auc(score, member))


def test_weights_undo_a_shift_that_the_blind_score_sees() -> None:
    rng = np.random.default_rng(3)
    member = rng.random(20000) < 0.5
    condition = rng.normal(size=20000) + 0.5 * member
    probability = 1 / (1 + np.exp(-(0.5 * condition - 0.125)))
    score = condition + rng.normal(size=20000)
    weighted, _ = weighted_auc(score, member, odds_weights(probability, member, 0.0))
    assert auc(score, member) > 0.6
    assert weighted == pytest.approx(0.5, abs=0.02)


def test_without_weights_left_the_auc_is_undefined() -> None:
    area, effective = weighted_auc(np.arange(2.0), np.array([True, False]), np.array([1.0, 0.0]))
    assert np.isnan(area)
    assert effective == 0.0


def test_delta_auc_finds_what_the_blind_score_lacks() -> None:
    rng = np.random.default_rng(4)
    member, cluster = np.arange(400) % 2 == 0, np.arange(400) // 10
    folds, draws = cluster % 5, speaker_draws(cluster, 200, rng)
    blind = rng.normal(size=400)
    gain, (low, _) = delta_auc(blind, rng.normal(size=400) + 1.5 * member, member, cluster, folds, draws)
    assert gain > 0.25
    assert low > 0.2
    _, (low, high) = delta_auc(blind + member, rng.normal(size=400), member, cluster, folds, draws)
    assert low <= 0.005
    assert high < 0.05
