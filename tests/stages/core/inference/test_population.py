"""Where a claim may be made: chance, matches, and what happens when there is nothing to match."""

import numpy as np
import pytest

from stages.core.inference.blind import PopulationSettings
from stages.core.inference.population import find_population

SETTINGS = PopulationSettings(bootstraps=300)


def corpus(shift: float, count: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member, speaker = np.arange(count) < count // 2, np.arange(count) % 40
    features = rng.normal(size=(count, 8)) + 0.3 * rng.normal(size=(40, 8))[speaker]
    features[member, 0] += shift
    return features, member, speaker


def test_a_random_split_is_a_population_as_it_is() -> None:
    features, member, speaker = corpus(0.0)
    found = find_population(features, member, speaker, SETTINGS, np.random.default_rng(1))
    assert found.kind == "whole"
    assert len(found.indices) == 400
    assert found.whole is not None
    assert found.whole.p > 0.01


def test_a_moderate_shift_is_matched_away() -> None:
    features, member, speaker = corpus(0.8)
    found = find_population(features, member, speaker, SETTINGS, np.random.default_rng(1))
    assert found.kind == "matched"
    assert found.whole is not None
    assert found.whole.p < 1e-3
    held = features[found.indices, 0]
    inside = member[found.indices]
    assert inside.sum() == (~inside).sum() > 120
    assert abs(held[inside].mean() - held[~inside].mean()) < 0.3


def test_a_random_split_has_a_population_whatever_chance_made_of_it() -> None:
    """A match at chance has an upper bound over the tolerance in about half of such splits; what stands out goes."""
    kept = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        member = rng.permutation(np.arange(180) % 2 == 0)
        found = find_population(rng.normal(size=(180, 40)), member, np.arange(180), SETTINGS, rng)
        assert found.kind is not None
        assert found.blind is not None
        assert found.blind.not_above_chance(SETTINGS.tolerance)
        kept.append(len(found.indices) / 180)
    assert min(kept) >= 0.75
    assert np.median(kept) >= 0.85


def test_where_recordings_have_nothing_in_common_there_is_no_population() -> None:
    features, member, speaker = corpus(9.0)
    found = find_population(features, member, speaker, SETTINGS, np.random.default_rng(1))
    assert found.kind is None
    assert found.fails_on_recording
    assert "no matched subset" in found.reason


@pytest.mark.parametrize(
    ("features", "member", "why"),
    [
        (np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) < 20, "20 clips on the smaller side"),
        (np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) < 1, "only 1 of one side"),
        (np.ones((200, 3)), np.arange(200) < 100, "no blind feature varies"),
        (np.zeros((200, 0)), np.arange(200) < 100, "no blind feature varies"),
    ],
    ids=["few", "one", "constant", "none"],
)
def test_what_cannot_be_a_population_says_why(features: np.ndarray, member: np.ndarray, why: str) -> None:
    found = find_population(features, member, np.arange(len(member)), SETTINGS, np.random.default_rng(0))
    assert found.kind is None
    assert not found.fails_on_recording
    assert why in found.reason


def test_random_labels_are_covered_where_speakers_are_on_one_side() -> None:
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        speaker = np.arange(200) % 30
        member = (rng.permutation(30) < 15)[speaker]
        features = rng.normal(size=(200, 5)) + 0.7 * rng.normal(size=(30, 5))[speaker]
        whole = find_population(features, member, speaker, SETTINGS, rng).whole
        assert whole is not None
        covered.append(whole.low <= 0.5 <= whole.high)
    assert np.mean(covered) >= 0.85
