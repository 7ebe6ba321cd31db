"""Numbers, p values and intervals as text."""

from __future__ import annotations

from collections.abc import Sequence

MISSING = "\u2013"
"""The dash that stands for a missing figure."""


def number(value: float | None, places: int = 2) -> str:
    """Return a figure to so many decimal places, or a dash if it is missing."""
    return MISSING if value is None else f"{value:.{places}f}".replace("-", "\u2212")


def probability(value: float | None) -> str:
    """Return a p value: ``< 0.001``, or three decimals below 0.1 and two above."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def estimate(value: float | None, interval: Sequence[float | None] | None, places: int = 2) -> str:
    """Return a figure with its interval, such as ``0.84 [0.80, 0.88]``.

    The figure has so many decimal places, and the ends of the interval have two.
    """
    low, high = interval or (None, None)
    if value is None or low is None or high is None:
        return number(value, places)
    return f"{number(value, places)} [{number(low)}, {number(high)}]"


def percent(rate: float) -> str:
    """Return a share such as ``97 %``."""
    return f"{rate * 100:.0f}\u00a0%"


def listed(values: Sequence[float]) -> str:
    """Return numbers in order, such as ``0, 1 and 1.5``."""
    *most, last = (f"{value:.2g}" for value in sorted(values))
    return f"{', '.join(most)} and {last}"
