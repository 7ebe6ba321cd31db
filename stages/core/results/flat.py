"""Headline figures: what `metrics.json` of a stage holds, one number or word a key. DVC shows each as a column."""

from __future__ import annotations

from collections.abc import Sequence

Figure = int | float | str | None
Headlines = dict[str, Figure]


def bounded(name: str, value: float | None, interval: Sequence[float | None] | None) -> Headlines:
    """Return a figure and its interval as ``name``, ``name_low`` and ``name_high``; null where there is none."""
    low, high = interval or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
