"""Conformal guarantees: values by hand, realised rates, refusals."""

import numpy as np
import pytest

from stages.core.errors import EarwitnessError
from stages.core.inference.conformal import canaries_p, canary_p, conformal_p, conformal_threshold


def test_threshold_by_hand() -> None:
    # 19 negatives: k = ceil(.95 * 20) = 19, the largest. 39: k = 38, one may lie above.
    assert conformal_threshold(np.arange(19.0), 0.05) == 18.0
    assert conformal_threshold(np.arange(39.0), 0.05) == 37.0


@pytest.mark.parametrize(("negatives", "rate", "needed"), [(18, 0.05, 19), (98, 0.01, 99), (0, 0.5, 1)])
def test_too_few_negatives_are_refused(negatives: int, rate: float, needed: int) -> None:
    with pytest.raises(EarwitnessError, match=f"bring {needed} or more"):
        conformal_threshold(np.zeros(negatives), rate)
    assert np.isfinite(conformal_threshold(np.zeros(needed), rate))


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(EarwitnessError, match="between 0 and 1"):
        conformal_threshold(np.zeros(1000), rate)


@pytest.mark.parametrize("rate", [0.01, 0.05])
@pytest.mark.parametrize("heavy", [False, True])
def test_the_realised_rate_is_the_level(rate: float, heavy: bool) -> None:
    rng = np.random.default_rng(0)
    drawn = rng.standard_cauchy((1000, 200)) if heavy else rng.normal(size=(1000, 200))
    exceeded = np.mean([row[199] > conformal_threshold(row[:199], rate) for row in drawn])
    # Within 1.96 binomial errors of 1,000 simulations, and no more than the level on average.
    assert abs(exceeded - rate) <= 1.96 * np.sqrt(rate * (1 - rate) / 1000)


def test_p_values_by_hand() -> None:
    # Three negatives: above all of them 1/4, a tie with the highest 2/4, below all 4/4.
    scores = np.array([2.5, 2.0, -1.0, np.nan])
    assert conformal_p(scores, np.array([0.0, 1.0, 2.0])).tolist() == [0.25, 0.5, 1.0, 1.0]
    assert conformal_p(np.array([9.0]), np.zeros(0)).tolist() == [1.0]


def test_p_values_of_negatives_are_not_below_their_level() -> None:
    rng = np.random.default_rng(1)
    p = np.array([conformal_p(row[:1], row[1:])[0] for row in rng.normal(size=(2000, 60))])
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p <= level) <= level + 2 * np.sqrt(level * (1 - level) / 2000)


def test_canary_by_hand() -> None:
    # Published first of five: 1/5; tied with one of four others: 2/5.
    assert canary_p(9.0, np.array([1.0, 2.0, 3.0, 4.0])) == 0.2
    assert canary_p(4.0, np.array([1.0, 2.0, 3.0, 4.0])) == 0.4
    assert canary_p(np.nan, np.array([1.0])) == 1.0


def test_canaries_add_up_and_hold_their_level() -> None:
    rng = np.random.default_rng(2)
    drawn = rng.normal(size=(300, 6, 10))
    p = np.array([canaries_p(sets[:, 0], list(sets[:, 1:]), 999, rng) for sets in drawn])
    assert np.mean(p <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)
    # Six canaries that all rank first: (1 / 10)^6, as small as 999 draws can show.
    assert canaries_p(np.full(6, 9.0), list(drawn[0][:, 1:]), 999, rng) == 0.001
    assert canaries_p(np.zeros(0), [], 999, rng) == 1.0
