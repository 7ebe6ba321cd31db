"""Families, giveaways and the shape of what is written."""

import numpy as np
import pytest

from stages.blind_baseline.baseline import Clips, family_columns, giveaways, metrics, population, score_families
from stages.core.params import BlindBaseline

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


def test_the_family_that_differs_is_found() -> None:
    features, clips = corpus(1.5)
    scores, note = score_families(features, NAMES, clips, SETTINGS, np.random.default_rng(0))
    auc = {family: score.interval.auc for family, score in scores.items() if score.interval}
    assert note is None
    assert min(auc["recording"], auc["acoustic"], auc["fused"]) > 0.8
    assert max(auc["prosodic"], auc["spectral"], auc["textual"]) < 0.62


def test_clips_of_unknown_membership_are_scored_without_weight() -> None:
    features, clips = corpus(1.5)
    known = np.arange(300) >= 10
    partly = Clips(clips.member & known, known, clips.cluster[known])
    scores, _ = score_families(features, NAMES, partly, SETTINGS, np.random.default_rng(0))
    assert np.isfinite(scores["fused"].probability).all()
    assert np.isnan(scores["fused"].odds_weight[:10]).all()
    assert np.isfinite(scores["fused"].odds_weight[10:]).all()


def test_one_class_only_is_said() -> None:
    features, clips = corpus(0.0)
    alone = Clips(np.ones(300, bool), clips.known, clips.cluster)
    scores, note = score_families(features, NAMES, alone, SETTINGS, np.random.default_rng(0))
    found = population(features, alone, SETTINGS, np.random.default_rng(0))
    written = metrics("mine", alone, 5, scores, found, giveaways(features, NAMES, alone.labels), [note or ""])
    assert written["blind"]["fused"]["auc"] is None
    assert written["population"]["kind"] is None
    assert written["giveaways"] == []
    assert "nothing to predict" in written["notes"][0]


def test_giveaways_name_size_and_direction() -> None:
    member = np.array([True, True, False, False])
    features = np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 0.0], [7.0, 0.0]])
    # Means 2 and 6, deviation 1 within each class: four deviations, higher in non-members.
    assert giveaways(features, ["spectral.tilt", "spectral.peak"], member) == [
        {"feature": "spectral.tilt", "size": pytest.approx(4.0), "direction": "non_members", "auc": 0.0}
    ]
