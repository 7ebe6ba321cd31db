"""The interval of a paired difference of shares: a published example, what it does at the ends, and its coverage."""

from __future__ import annotations

import numpy as np
import pytest

from stages.backdoor.measure.paired import paired_interval
from stages.core.inference.statistics import Bools, wilson


def table(both: int, only_first: int, only_second: int, neither: int) -> tuple[Bools, Bools]:
    counts = [both, only_first, only_second, neither]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_a_published_example() -> None:
    # Newcombe 1998, table II: 36, 12, 2 and 0 pairs, method 10.
    assert paired_interval(*table(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_it_has_a_width_where_no_pair_differs() -> None:
    low, high = paired_interval(*table(20, 0, 0, 0))
    reach = 1 - wilson(20, 20)[0]  # nothing to correlate: the one interval is that of either share
    assert (low, high) == pytest.approx((-reach, reach))
    low, high = paired_interval(*table(10, 0, 0, 10))
    assert low == -high < 0
    assert paired_interval(*table(0, 0, 0, 0)) == (-1.0, 1.0)


def test_turned_round_it_changes_its_sign() -> None:
    first, second = table(30, 9, 3, 8)
    low, high = paired_interval(first, second)
    assert paired_interval(second, first) == pytest.approx((-high, -low))
    narrow = paired_interval(first, second, 0.5)
    assert low < narrow[0] < 18 / 50 - 12 / 50 < narrow[1] < high


def test_it_covers_the_true_difference_as_often_as_asked() -> None:
    rng = np.random.default_rng(1)
    shares, held = np.array([0.5, 0.2, 0.05, 0.25]), 0
    for _ in range(1000):
        low, high = paired_interval(*table(*rng.multinomial(40, shares)))
        held += low <= 0.15 <= high
    assert held / 1000 == pytest.approx(0.95, abs=0.025)
