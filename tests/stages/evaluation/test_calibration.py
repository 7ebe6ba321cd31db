"""The calibrated difference: c where it can be known, the fallback where it cannot, the placebo."""

import numpy as np
import pytest

from stages.evaluation.calibration import CalibratedDifference, calibrate


def calibrated(
    scale: float, noise: float = 0.3, unseen: float = 0.0, memory: float = 0.0, seed: int = 0
) -> CalibratedDifference:
    """One attack on 600 clips whose single condition the reference feels `scale` times as much as the target."""
    rng = np.random.default_rng(seed)
    member, speaker = np.arange(600) % 2 == 0, np.arange(600) // 2 % 50
    condition, other = rng.normal(size=(2, 600))
    s = condition + unseen * other + noise * rng.normal(size=600) + memory * member
    r = scale * condition + noise * rng.normal(size=600)
    features = np.column_stack([condition + 0.2 * rng.normal(size=600), other])
    found = calibrate(s[:, None], r[:, None], features, member, speaker, 1.5, 5, rng)[0]
    assert found is not None
    return found


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_c_is_the_ratio_of_sensitivities(scale: float) -> None:
    found = calibrated(scale)
    assert found.identified
    assert found.c == pytest.approx(1 / scale, rel=0.15)


def test_a_reference_that_feels_nothing_identifies_no_c() -> None:
    found = calibrated(0.0)
    assert not found.identified
    assert found.first_stage < 10
    assert found.c == 1.0


def test_a_reference_that_feels_the_opposite_identifies_no_c() -> None:
    found = calibrated(-1.0)
    assert found.first_stage > 10
    assert not found.identified


def test_the_placebo_fails_where_a_feature_still_predicts_the_difference() -> None:
    assert calibrated(1.0, unseen=1.0).placebo_p < 1e-3
    passed = [calibrated(1.0, seed=seed).placebo_holds for seed in range(40)]
    assert np.mean(passed) > 0.85


def test_memory_shows_and_its_absence_does_not() -> None:
    assert calibrated(0.8, memory=0.5).p < 1e-4
    # At the level of 5 %, at most two binomial errors of 60 draws more.
    assert np.mean([calibrated(0.8, seed=seed).p < 0.05 for seed in range(60)]) <= 0.106


def test_an_unusable_reference_is_none() -> None:
    member, cluster = np.arange(200) % 2 == 0, np.arange(200)
    rng = np.random.default_rng(0)
    s, features = rng.normal(size=(200, 2)), rng.normal(size=(200, 2))
    r = np.column_stack([np.ones(200), np.where(np.arange(200) < 150, np.nan, 1.0)])
    assert calibrate(s, r, features, member, cluster, 1.5, 5, rng) == [None, None]


def test_the_smallest_effect_is_stated_on_the_scale_of_the_attack() -> None:
    # The difference is noisier than the attack itself, so it takes more memory to show there.
    found = calibrated(0.8)
    assert found.deviation_ratio < 1
    assert 0.5 < found.smallest_detectable(0.05, 0.05) < 0.6


def test_a_reference_that_separates_by_what_nobody_measured_allows_nothing() -> None:
    rng = np.random.default_rng(1)
    member, speaker = np.arange(600) % 2 == 0, np.arange(600) // 2 % 50
    hidden = rng.normal(size=600) + member
    s, r = 2 * hidden + rng.normal(size=600), 0.6 * hidden + 0.3 * rng.normal(size=600)
    found = calibrate(s[:, None], r[:, None], rng.normal(size=(600, 3)), member, speaker, 1.5, 5, rng)[0]
    assert found is not None
    assert not found.identified
    assert found.p < 1e-4
    assert not found.reference_allows
    assert calibrated(0.0).reference_allows
