"""The way out: matched subsets with the strong baseline, what they cost and what they hold for."""

import numpy as np

from stages.blind_baseline.baseline import Description, baseline_details
from stages.blind_baseline.giveaway import giveaways
from stages.blind_baseline.matching import given_up, held_out_check, population
from stages.blind_baseline.scoring import Clips, score_families
from tests.stages.blind_baseline.test_scoring import NAMES, SETTINGS, corpus


def halves() -> tuple[np.ndarray, Clips]:
    """Return 300 clips that chance divided, then 200 of which members are recorded quite otherwise."""
    rng = np.random.default_rng(3)
    member = np.arange(500) % 2 == 0
    features = rng.normal(size=(500, 12))
    leaky = np.arange(500) >= 300
    features[leaky] += np.where(member[leaky], 3.0, -3.0)[:, None]
    return features, Clips(member, np.ones(500, bool), np.arange(500))


def test_the_clean_half_is_kept_and_the_match_holds_on_features_that_it_did_not_use() -> None:
    features, clips = halves()
    names = [f"spectral.mfcc{index}_mean" for index in range(12)]
    found = population(features, clips, SETTINGS, np.random.default_rng(0))
    assert found.kind == "matched"
    assert (found.indices[clips.member[found.indices]] < 300).sum() >= 0.8 * 150
    checks = held_out_check(features, clips, SETTINGS, np.random.default_rng(0))
    assert min(check["before"] for check in checks) > 0.6
    assert all(check["auc_ci"][0] <= 0.5 <= check["auc_ci"][1] for check in checks)
    left_out = given_up(features, names, clips, found)
    assert left_out["member"] + left_out["non_member"] == 500 - len(found.indices)
    assert left_out["features"]["member"][0]["higher"]
    assert not left_out["features"]["non_member"][0]["higher"]


def test_where_nothing_is_alike_it_says_so() -> None:
    features, clips = corpus(9.0)
    found = population(features, clips, SETTINGS, np.random.default_rng(0))
    assert found.kind is None
    assert "are too few" in found.reason


def test_one_class_only_is_said() -> None:
    features, clips = corpus(0.0)
    alone = Clips(np.ones(300, bool), clips.known, clips.cluster)
    scores, note = score_families(features, NAMES, alone, SETTINGS, np.random.default_rng(0))
    found = population(features, alone, SETTINGS, np.random.default_rng(0))
    said = Description(giveaways(features, NAMES, alone.labels), notes=[note or ""])
    written = baseline_details("mine", alone, 5, scores, found, said)
    assert written["blind"]["fused"]["auc"] is None
    assert written["blind"]["fused"]["estimators"]["boosting"]["auc"] is None
    assert written["population"]["kind"] is None
    assert written["giveaways"] == []
    assert "nothing to predict" in written["notes"][0]
