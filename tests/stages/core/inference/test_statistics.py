"""AUC, its tests and intervals: values derived by hand, invariances, levels under the null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.core.inference.bootstrap import (
    bootstrap_auc,
    bootstrap_tpr,
    percentile_interval,
    speaker_draws,
    tpr_at_fpr,
)
from stages.core.inference.statistics import (
    allowed_false_positives,
    auc,
    clustered_test,
    column_aucs,
    delong_error,
    holm,
    renumbered,
    roc,
    wilson,
)

SCORES = arrays(np.float64, st.integers(4, 40), elements=st.integers(-5, 5).map(float))


def half_members(count: int) -> np.ndarray:
    return np.arange(count) % 2 == 0


def test_auc_counts_pairs_and_halves_ties() -> None:
    # Members 0.4 and 0.9, others 0.1 and 0.4: three wins and one tie of four pairs.
    assert auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True])) == 3.5 / 4


def test_auc_without_one_class_is_undefined() -> None:
    assert np.isnan(auc(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(auc(np.zeros(0), np.zeros(0, bool)))


@settings(deadline=None)
@given(SCORES)
def test_monotone_transforms_leave_the_auc(score: np.ndarray) -> None:
    member = half_members(len(score))
    assert auc(np.exp(score) * 3 + 1, member) == auc(score, member)


@settings(deadline=None)
@given(SCORES, st.randoms())
def test_the_order_of_rows_leaves_the_test(score: np.ndarray, random: object) -> None:
    member, cluster = half_members(len(score)), np.arange(len(score)) % 5
    order = np.array(sorted(range(len(score)), key=lambda _: random.random()))  # type: ignore[attr-defined]
    first, second = clustered_test(score, member, cluster), clustered_test(score[order], member[order], cluster[order])
    assert second.auc == pytest.approx(first.auc, abs=1e-12)
    assert second.p == pytest.approx(first.p, abs=1e-9)


@settings(deadline=None)
@given(SCORES)
def test_turning_the_scores_round_mirrors_the_test(score: np.ndarray) -> None:
    member, cluster = half_members(len(score)), np.arange(len(score))
    there, back = clustered_test(score, member, cluster), clustered_test(-score, member, cluster)
    assert there.auc == pytest.approx(1 - back.auc)
    if there.error > 0:
        assert there.p == pytest.approx(1 - back.p)


def test_columns_are_tested_each_with_its_own_labels() -> None:
    scores = np.column_stack([np.arange(4.0), np.arange(4.0)])
    labels = np.array([[False, True], [False, True], [True, False], [True, False]])
    assert column_aucs(scores, labels).tolist() == [1.0, 0.0]


def test_delong_by_hand() -> None:
    # Members 2 and 4, others 1 and 3. Placements of members .5 and 1, of others 0 (both above it)... their
    # shares of members above: 1 and .5. Each side's variance is .125, over two clips: error sqrt(.0625 + .0625).
    error = delong_error(np.array([2.0, 4.0, 1.0, 3.0]), np.array([True, True, False, False]))
    assert error == pytest.approx(np.sqrt(0.125))


def test_clustered_test_by_hand() -> None:
    # Three speakers, one member and one other each; midranks 2 1 | 4 3 | 6 5, weights +-.5. A speaker brings
    # (.5 * r1 - .5 * r0) / 9 = 1/18: AUC .5 + 3/18. All alike, so the error is sqrt(3) / 18, and t = sqrt(3) at
    # one degree of freedom, which is Cauchy's distribution: p = 1/2 - arctan(sqrt(3)) / pi = 1/6.
    score = np.array([2.0, 1.0, 4.0, 3.0, 6.0, 5.0])
    result = clustered_test(score, half_members(6), np.array([0, 0, 1, 1, 2, 2]))
    assert result.auc == pytest.approx(0.5 + 3 / 18)
    assert result.error == pytest.approx(np.sqrt(3) / 18)
    assert result.p == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("score", "member", "cluster"),
    [
        (np.ones(6), half_members(6), np.arange(6)),
        (np.arange(6.0), np.ones(6, bool), np.arange(6)),
        (np.arange(6.0), half_members(6), np.zeros(6, np.intp)),
        (np.zeros(0), np.zeros(0, bool), np.zeros(0, np.intp)),
    ],
    ids=["ties only", "members only", "one speaker", "nothing"],
)
def test_where_nothing_can_be_said_p_is_one(score: np.ndarray, member: np.ndarray, cluster: np.ndarray) -> None:
    result = clustered_test(score, member, cluster)
    assert result.p == 1.0
    assert result.smallest_detectable(0.05) == 1.0


def test_perfect_separation_is_significant() -> None:
    member = half_members(60)
    result = clustered_test(member.astype(float), member, np.arange(60))
    assert result.auc == 1.0
    assert result.p < 1e-6


@pytest.mark.parametrize("design", ["both sides", "disjoint", "own speaker", "uneven"])
def test_level_with_24_speakers(design: str) -> None:
    rng = np.random.default_rng(5)
    alarms, audits = 0, 600
    for _ in range(audits):
        speaker = np.arange(240) if design == "own speaker" else np.arange(240) % 24
        if design == "uneven":
            speaker = rng.choice(24, 240, p=1 / np.arange(1, 25) / (1 / np.arange(1, 25)).sum())
        side = rng.permutation(240) < 120 if design != "disjoint" else (rng.permutation(24) < 12)[speaker]
        score = 0.55 * rng.normal(size=240)[speaker] + 0.84 * rng.normal(size=240)
        alarms += clustered_test(score, side, speaker).p < 0.05
    # At most the level plus three binomial errors.
    assert alarms / audits < 0.05 + 3 * np.sqrt(0.05 * 0.95 / audits)


def test_the_smallest_detectable_effect_is_found_as_often_as_promised() -> None:
    rng = np.random.default_rng(6)
    member, cluster = half_members(400), np.arange(400)
    promised = clustered_test(rng.normal(size=400), member, cluster).smallest_detectable(0.05)
    shift = np.sqrt(2) * 0.2533 * (promised - 0.5) / (0.6 - 0.5)  # AUC .6 is a shift of sqrt(2) * .2533
    found = [clustered_test(rng.normal(size=400) + shift * member, member, cluster).p < 0.05 for _ in range(300)]
    assert 0.72 < np.mean(found) < 0.88


def test_holm_by_hand() -> None:
    # .01 * 3 = .03; .03 * 2 = .06; .04 * 1 = .04, raised to .06.
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1)))
def test_holm_lies_between_p_and_bonferroni(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, p * len(p))).all()


def test_wilson_of_no_successes() -> None:
    # z^2 / (n + z^2) with z = 1.96 and n = 96.16 - 3.84...: the textbook case of ten trials, 0 to .278.
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_how_many_false_positives_are_allowed() -> None:
    # 99 negatives are the fewest for one per cent: k = ceil(.99 * 100) = 99, none above. 199: k = 198, one above.
    assert allowed_false_positives(np.array([98.0, 99.0, 199.0]), 0.01).tolist() == [-1.0, 0.0, 1.0]


def test_tpr_by_hand() -> None:
    # Three negatives at a rate of .25: k = ceil(.75 * 4) = 3, the threshold is the largest negative, 2.
    score, member = np.array([0.0, 1.0, 2.0, 1.5, 2.5]), np.array([False, False, False, True, True])
    assert tpr_at_fpr(score, member, 0.25) == 0.5
    assert np.isnan(tpr_at_fpr(score, member, 0.1))


def test_a_tie_with_the_threshold_is_not_above_it() -> None:
    assert tpr_at_fpr(np.array([0.0, 1.0, 2.0, 2.0]), np.array([False, False, False, True]), 0.25) == 0.0


def test_draws_of_every_speaker_once_give_the_estimate() -> None:
    rng = np.random.default_rng(1)
    score, member = rng.integers(0, 9, 50).astype(float), half_members(50)
    once = np.ones((2, 50), np.float32)
    assert bootstrap_auc(score, member, np.arange(50), once) == pytest.approx([auc(score, member)] * 2, abs=1e-6)


def test_a_redrawn_speaker_counts_as_its_clips_copied() -> None:
    rng = np.random.default_rng(2)
    score, member, cluster = rng.normal(size=12), half_members(12), np.arange(12) % 3
    drawn = np.array([[2, 0, 1]], np.float32)
    copies = np.concatenate([np.flatnonzero(cluster == group) for group in (0, 0, 2)])
    expected = auc(score[copies], member[copies])
    assert bootstrap_auc(score, member, cluster, drawn)[0] == pytest.approx(expected, abs=1e-6)
    expected = tpr_at_fpr(score[copies], member[copies], 0.2)
    assert bootstrap_tpr(score, member, cluster, drawn, 0.2)[0] == pytest.approx(expected)


def test_a_draw_without_members_is_undefined() -> None:
    values = bootstrap_auc(np.arange(4.0), half_members(4), np.arange(4), np.array([[0, 2, 0, 2]], np.float32))
    assert np.isnan(values).all()
    assert np.isnan(percentile_interval(values)).all()


def test_tpr_interval_covers_the_truth() -> None:
    # Members are normal around 1: the true rate above the others' 95th percentile is P(N > .645) = .26.
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(60):
        member = half_members(400)
        score = rng.normal(size=400) + member
        draws = speaker_draws(np.arange(400), 200, rng)
        low, high = percentile_interval(bootstrap_tpr(score, member, np.arange(400), draws, 0.05))
        covered.append(low <= 0.26 <= high)
    assert np.mean(covered) > 0.83


def test_roc_runs_from_corner_to_corner() -> None:
    false, true = roc(np.array([1.0, 1.0, 0.0, 2.0]), np.array([True, False, False, True]))
    assert false.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert true.tolist() == [0.0, 0.5, 1.0, 1.0]


def test_renumbered_codes_have_no_gaps() -> None:
    assert renumbered(np.array([7, 2, 7, 9])).tolist() == [1, 0, 1, 2]
