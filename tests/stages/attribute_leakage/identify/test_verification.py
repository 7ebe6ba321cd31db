"""Measures of a verifier: values derived by hand, perfect and random ones, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from stages.attribute_leakage.identify.verification import (
    MOST_BITS,
    adjusted,
    category,
    equal_error_rate,
    linkability,
    population_bits,
    strongest_ratio,
    trials,
    true_positive_rate,
    verify,
)
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Bools, Floats


def put(mated: Floats | list[float], other: Floats | list[float]) -> tuple[Floats, Bools]:
    found = trials(np.asarray(mated, np.float64), np.asarray(other, np.float64))
    return found.score, found.mated


def verified(mated: Floats, other: Floats) -> dict[str, object]:
    return verify(trials(mated, other), np.random.default_rng(1))


def test_the_equal_error_rate_by_hand() -> None:
    # From the top: mated, non-mated, mated, non-mated. After two, one half of either kind is wrong.
    assert equal_error_rate(*put([0.9, 0.5], [0.7, 0.1])) == 0.5
    # One of four mated lies below one of four others: at a threshold between them 1/4 of either kind is wrong.
    assert equal_error_rate(*put([5, 6, 7, 1], [0, 0.5, 0.8, 2])) == 0.25
    assert equal_error_rate(*put([0, 1], [2, 3])) == 1.0


def test_ties_are_one_point() -> None:
    assert equal_error_rate(*put([1, 1, 1], [1, 1])) == 0.5
    # Mated 1, 1, 0 and others 1, 0, 0: from (1/3, 2/3) on, rates of 1/3 both.
    assert equal_error_rate(*put([1, 1, 0], [1, 0, 0])) == pytest.approx(1 / 3)


def test_the_true_positive_rate_by_hand() -> None:
    false, true = np.array([0, 0, 0.01, 0.02, 1]), np.array([0, 0.3, 0.5, 0.6, 1])
    assert [true_positive_rate(false, true, rate) for rate in (0.001, 0.01, 0.015, 0.02)] == [0.3, 0.5, 0.5, 0.6]


def test_population_bits_are_the_integral_over_priors() -> None:
    """Two blocks: ratios of 3 and 1/3; the entropy that is left is integrated numerically."""
    score, mated = put([1] * 3 + [0], [1] + [0] * 3)

    def left(prior: float) -> float:
        odds = prior / (1 - prior)
        of_mated = 0.75 * np.log2(1 + 1 / (3 * odds)) + 0.25 * np.log2(1 + 3 / odds)
        of_others = 0.25 * np.log2(1 + 3 * odds) + 0.75 * np.log2(1 + odds / 3)
        return float(prior * of_mated + (1 - prior) * of_others)

    assert population_bits(score, mated) == pytest.approx(MOST_BITS - quad(left, 0, 1)[0], abs=1e-8)


def test_linkability_of_two_scores_by_hand() -> None:
    # Densities of the mated .75 and .25, of the others .25 and .75: only the upper score is linkable, by
    # (3 - 1)/(3 + 1) = 1/2, and 3/4 of the mated trials have it.
    assert linkability(*put([1] * 3 + [0], [1] + [0] * 3)) == pytest.approx(0.375)


def test_measures_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(3)
    found = verified(rng.normal(2, 1, 4000), rng.normal(0, 1, 20000))
    assert found["eer"] == pytest.approx(norm.cdf(-1), abs=0.012)
    assert found["linkability"] == pytest.approx(linkability_of_normals(2), abs=0.03)


def linkability_of_normals(apart: float) -> float:
    """Return D_sys of mated scores from N(apart, 1) and non-mated ones from N(0, 1)."""

    def local(score: float) -> float:
        one, other = norm.pdf(score, apart), norm.pdf(score)
        return float(one * max(0.0, (one - other) / (one + other)))

    return float(quad(local, -5, 6 + apart, points=[apart / 2])[0])


@pytest.mark.parametrize("apart", [0.2, 0.4, 0.8])
def test_a_weak_link_is_neither_understated_nor_overstated(apart: float) -> None:
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drawn = trials(rng.normal(apart, 1, 300), rng.normal(0, 1, 3000))
        found.append(adjusted(linkability, drawn, 1.0, rng)[0])
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(linkability_of_normals(apart), abs=0.006 + 2 * error)


def test_a_perfect_verifier() -> None:
    rng = np.random.default_rng(4)
    for mated, other in [
        (rng.uniform(0.5, 1, 300), rng.uniform(0, 0.5, 2000)),
        (np.ones(20), np.zeros(30)),
        (np.ones(3), np.zeros(3)),
    ]:
        found = verified(mated, other)
        assert found["eer"] == 0.0
        assert found["linkability"] == 1.0
        assert found["zebra_bits"] == pytest.approx(0.7213475, abs=1e-6)


@pytest.mark.parametrize(("mated", "other"), [(60, 60), (300, 3000), (3000, 300), (1000, 10000)])
def test_random_scores_say_nothing(mated: int, other: int) -> None:
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found.append(verified(rng.normal(size=mated), rng.normal(size=other)))
    eers = np.array([one["eer"] for one in found])
    error = np.sqrt(np.pi / 2 * (1 / mated + 1 / other)) * norm.pdf(0) / np.sqrt(10)
    assert abs(eers.mean() - 0.5) < 4 * error
    few = min(mated, other)
    assert np.mean([one["linkability"] for one in found]) < 1 / np.sqrt(few)
    assert np.mean([one["zebra_bits"] for one in found]) < 1 / few
    # The fit to the scores alone would say that they tell something.
    assert np.mean([one["linkability_found"] for one in found]) > 2 * np.mean([one["linkability"] for one in found])


def test_ties_everywhere_say_nothing() -> None:
    found = verified(np.ones(50), np.ones(70))
    assert (found["eer"], found["linkability"], found["zebra_bits"], found["zebra_category"]) == (0.5, 0.0, 0.0, "0")


def test_categories_and_the_most_that_trials_can_show() -> None:
    assert [category(value) for value in (0.0, 0.5, 1.0, 1.5, 3.9, 4.5, 5.5, 7.0)] == list("0AABCDEF")
    score, mated = put([1.0] * 9, [0.0] * 1000)
    assert strongest_ratio(score, mated) == pytest.approx(1.0)  # (1 + 1/9) / (1/9)


def test_a_rate_that_too_few_trials_cannot_show_is_not_told() -> None:
    rng = np.random.default_rng(5)
    rates = verified(rng.normal(2, 1, 100), rng.normal(size=999))["tpr_at_fpr"]
    assert rates["0.01"] == {  # type: ignore[index]
        "tpr": None,
        "ci": None,
        "reason": "999 non-mated trials are too few to say: 1000 are needed",
    }
    rates = verified(rng.normal(2, 1, 100), rng.normal(size=1000))["tpr_at_fpr"]
    low, high = rates["0.01"]["ci"]  # type: ignore[index]
    assert 0 <= low < rates["0.01"]["tpr"] < high <= 1  # type: ignore[index]


def test_speakers_widen_the_interval() -> None:
    """Ten speakers, each with an offset of its own that all its mated scores share."""
    rng = np.random.default_rng(6)
    who = np.repeat(np.arange(10), 40)
    mated = 1 + rng.normal(0, 1, 10)[who] + rng.normal(0, 0.1, 400)
    first = rng.integers(0, 10, 800)
    second = (first + rng.integers(1, 10, 800)) % 10
    other = rng.normal(size=800)
    widths = []
    for speakers in (None, (who, first, second)):
        low, high = verify(trials(mated, other, speakers), np.random.default_rng(1))["eer_ci"]
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


def test_what_cannot_be_judged_is_an_error() -> None:
    with pytest.raises(EarwitnessError, match="no mated trials"):
        trials(np.zeros(0), np.ones(3))
    with pytest.raises(EarwitnessError, match="no non-mated trials"):
        trials(np.ones(3), np.zeros(0))
    with pytest.raises(EarwitnessError, match="1 mated scores are not finite"):
        trials(np.array([1.0, np.nan]), np.ones(3))
