"""Matching: as many pairs as the caliper allows, the nearest of these, and those that stand out first to go."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import stages.core.inference.matching
from stages.core.inference.matching import give_up, match


def test_match_by_hand() -> None:
    # Members at 5.0 and 1.0, others at 4.9, 1.3 and 0.9: the nearest within .2, and 1.3 is left over.
    score, member = np.array([5.0, 1.0, 4.9, 1.3, 0.9]), np.array([True, True, False, False, False])
    indices, pairs = match(score, member, 0.2)
    assert indices.tolist() == [0, 1, 2, 4]
    assert (pairs[0], pairs[1]) == (pairs[2], pairs[3])


def test_match_uses_nobody_twice() -> None:
    rng = np.random.default_rng(0)
    score, member = rng.normal(size=100), np.arange(100) < 60
    indices, pairs = match(score, member, 0.1)
    for pair in np.unique(pairs):
        rows = indices[pairs == pair]
        assert sorted(member[rows].tolist()) == [False, True]
        assert abs(score[rows[0]] - score[rows[1]]) <= 0.1


def distances(score: np.ndarray, indices: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.array([np.ptp(score[indices[pairs == pair]]) for pair in np.unique(pairs)])


@pytest.mark.parametrize("seed", range(8))
def test_no_other_match_has_more_or_nearer_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, member = np.round(rng.normal(size=70), 1), rng.random(70) < 0.4
    indices, pairs = match(score, member, 0.25)
    apart = np.abs(score[member][:, None] - score[~member])
    best = apart[linear_sum_assignment(np.where(apart <= 0.25, apart, 1000.0))]
    best = best[best <= 0.25]
    assert len(indices) == 2 * len(best)
    assert distances(score, indices, pairs).sum() == pytest.approx(best.sum())


def test_members_of_a_higher_score_do_not_push_each_other_down() -> None:
    # Taken from the top, 1.0 would get 0.9 and 0.9 get 0.8, and so on to a member at 0.0 that gets nothing.
    member_scores = np.linspace(0.0, 1.0, 11)
    score, member = np.append(member_scores, member_scores - 0.001), np.arange(22) < 11
    indices, pairs = match(score, member, 0.2)
    assert len(indices) == 22
    assert distances(score, indices, pairs).max() == pytest.approx(0.001)


def test_many_clips_are_matched_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    score, member = rng.normal(size=600), rng.random(600) < 0.5
    whole = len(match(score, member, 0.1)[0]) // 2
    monkeypatch.setattr(stages.core.inference.matching, "CLIPS_AT_ONCE", 100)
    indices, pairs = match(score, member, 0.1)
    assert distances(score, indices, pairs).max() <= 0.1
    assert whole * 0.9 <= len(indices) // 2 <= whole


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_sides_there_is_no_pair(count: int) -> None:
    indices, pairs = match(np.zeros(count), np.ones(count, bool), 1.0)
    assert len(indices) == len(pairs) == 0


def test_the_pair_whose_member_stands_out_goes_first() -> None:
    # Gaps of the pairs 4, 7 and 9: .1, .5 and -.9.
    score = np.array([0.2, 0.9, 0.0, 0.1, 0.4, 0.9])
    member = np.array([True, True, True, False, False, False])
    pairs = np.array([4, 7, 9, 4, 7, 9])
    assert give_up(score, member, pairs, 1).tolist() == [True, False, True, True, False, True]
    assert give_up(score, member, pairs, 2).tolist() == [False, False, True, False, False, True]
