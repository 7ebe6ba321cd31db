"""Families, their scores and weights."""

import numpy as np
import pytest

from stages.blind_baseline.params import BlindBaseline
from stages.blind_baseline.scoring import Clips, effective_clips, family_columns, score_families

NAMES = ["prosodic.rate", "recording.noise", "spectral.tilt", "spectral.peak", "textual.length"]
SETTINGS = BlindBaseline(
    folds=5, permutations=60, bootstraps=200, tolerance=0.6, caliper=0.2, min_matched=60, odds_trim=0.05
)


def corpus(shift: float) -> tuple[np.ndarray, Clips]:
    rng = np.random.default_rng(0)
    member = np.arange(300) % 2 == 0
    features = rng.normal(size=(300, 5))
    features[member, 1] += shift
    return features, Clips(member, np.ones(300, bool), np.arange(300) // 2 % 30)


def test_acoustic_is_all_but_textual() -> None:
    families = family_columns(NAMES)
    assert families["acoustic"] == [0, 1, 2, 3]
    assert families["fused"] == [0, 1, 2, 3, 4]
    assert families["spectral"] == [2, 3]
    assert "acoustic" not in family_columns(["textual.length"])


def test_the_family_that_differs_is_found_by_both_estimators() -> None:
    features, clips = corpus(1.5)
    scores, note = score_families(features, NAMES, clips, SETTINGS, np.random.default_rng(0))
    auc = {family: score.interval.auc for family, score in scores.items() if score.interval}
    assert note is None
    assert min(auc["recording"], auc["acoustic"], auc["fused"]) > 0.8
    assert max(auc["prosodic"], auc["spectral"], auc["textual"]) < 0.62
    assert min(found.auc for found in scores["recording"].estimators.values()) > 0.8


def test_permuted_labels_come_out_at_chance() -> None:
    features, clips = corpus(1.5)
    scores, _ = score_families(features, NAMES, clips, SETTINGS, np.random.default_rng(0))
    for score in scores.values():
        assert score.interval is not None
        assert abs(score.interval.mean - 0.5) < 0.03


def test_clips_of_unknown_membership_are_scored_without_weight() -> None:
    features, clips = corpus(1.5)
    known = np.arange(300) >= 10
    partly = Clips(clips.member & known, known, clips.cluster[known])
    scores, _ = score_families(features, NAMES, partly, SETTINGS, np.random.default_rng(0))
    assert np.isfinite(scores["fused"].probability).all()
    assert np.isnan(scores["fused"].odds_weight[:10]).all()
    assert np.isfinite(scores["fused"].odds_weight[10:]).all()


def test_effective_clips_by_hand() -> None:
    weight = np.array([1.0, 1.0, 0.0, 2.0, 1.0, np.nan])
    member = np.array([True, True, True, False, False, False])
    # Members (1 + 1)² / 2, non-members (2 + 1)² / (4 + 1); one is trimmed, one unknown.
    assert effective_clips(weight, member) == {
        "trimmed": 1,
        "effective_member": pytest.approx(2.0),
        "effective_non_member": pytest.approx(1.8),
    }
    assert effective_clips(np.full(2, np.nan), np.array([True, False]))["effective_member"] == 0.0


def test_known_voices_are_told_where_speakers_are_split() -> None:
    """Each speaker has a voice and a side of its own, at random: a new speaker tells nothing, a known one all."""
    rng = np.random.default_rng(1)
    speaker = np.arange(300) // 10
    member = (rng.permutation(30) < 15)[speaker]
    features = 3 * rng.normal(size=(30, 5))[speaker] + rng.normal(size=(300, 5))
    clips = Clips(member, np.ones(300, bool), speaker)
    scores, _ = score_families(features, NAMES, clips, SETTINGS, np.random.default_rng(0))
    fused = scores["fused"]
    assert fused.interval is not None
    assert fused.interval.low <= 0.5 <= fused.interval.high
    assert fused.same_speakers is not None
    assert fused.same_speakers > fused.interval.auc + 0.15
    alone = Clips(member, np.ones(300, bool), np.arange(300))
    assert score_families(features, NAMES, alone, SETTINGS, rng)[0]["fused"].same_speakers is None
