"""The blind interval: the larger of two errors, and everything possible where there is none."""

import numpy as np
import pytest

from stages.core.inference.blind import blind_interval


def test_the_interval_takes_the_larger_error() -> None:
    permuted = np.array([0.4, 0.5, 0.6])  # mean .5, deviation .1
    interval = blind_interval(0.55, permuted, np.array([0.54, 0.56]))
    assert (interval.low, interval.high) == pytest.approx((0.55 - 0.196, 0.55 + 0.196))
    assert interval.at_chance(0.75)
    assert not interval.at_chance(0.70)
    # t = (.55 - .5) / (.1 * sqrt(4 / 3)) = .433 at two degrees: p = .5 - .433 / (2 * sqrt(2 + .433 ** 2)).
    assert interval.p == pytest.approx(0.5 - 0.4330 / (2 * np.sqrt(2 + 0.4330**2)), abs=1e-4)


def test_an_error_that_is_not_defined_leaves_everything_possible() -> None:
    interval = blind_interval(0.9, np.array([0.9, 0.9]), np.array([np.nan]))
    assert (interval.low, interval.high, interval.p) == (0.0, 1.0, 1.0)
