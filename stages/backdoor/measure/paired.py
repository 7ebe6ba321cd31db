"""The difference of two shares of the same items, such as a rate before and after a defence."""

from __future__ import annotations

import numpy as np

from stages.core.inference.statistics import Bools, wilson


def paired_interval(first: Bools, second: Bools, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the first share minus the second, by Newcombe's method 10.

    Wilson's intervals of the two shares, added in squares with the items' correlation, which is corrected for
    continuity (Newcombe 1998, Statistics in Medicine 17:2635). Unlike a bootstrap interval it has a width where
    no item differs. The items count as independent.

    Parameters
    ----------
    first, second : bool[n]
        Of the same items.
    level : float
        In (0, 1).

    Returns
    -------
    float, float
        In [-1, 1]; (-1, 1) without items.
    """
    n = len(first)
    if not n:
        return (-1.0, 1.0)
    both, only_first, only_second = ((first & second).sum(), (first & ~second).sum(), (~first & second).sum())
    one, other = int(both + only_first), int(both + only_second)
    (low, high), (other_low, other_high) = wilson(one, n, level), wilson(other, n, level)
    share, other_share = one / n, other / n
    correlation = _correlation(int(both), int(only_first), int(only_second), n)
    down = _length(share - low, other_high - other_share, correlation)
    up = _length(high - share, other_share - other_low, correlation)
    return (max(-1.0, share - other_share - down), min(1.0, share - other_share + up))


def _correlation(both: int, only_first: int, only_second: int, n: int) -> float:
    """Return phi of the fourfold table, corrected for continuity where it is positive; 0 where a share is 0 or 1."""
    neither = n - both - only_first - only_second
    product = both * neither - only_first * only_second
    one, other = both + only_first, both + only_second
    spread = np.sqrt(float(one * (n - one)) * float(other * (n - other)))
    corrected = max(product - n / 2, 0.0) if product > 0 else product
    return float(corrected / spread) if spread else 0.0


def _length(one: float, other: float, correlation: float) -> float:
    return float(np.sqrt(max(one**2 - 2 * correlation * one * other + other**2, 0.0)))
