"""Headline figures: what a stage's `metrics.json` holds, one number or word per key. DVC shows each as a column."""

from __future__ import annotations

from collections.abc import Sequence

Figure = int | float | str | None
Headlines = dict[str, Figure]


def bounded(name: str, value: float | None, interval: Sequence[float | None] | None) -> Headlines:
    """Return a figure and its interval as ``name``, ``name_low`` and ``name_high``; null if missing."""
    low, high = interval or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
