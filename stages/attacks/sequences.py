"""Regularity of a row of numbers: Lempel-Ziv phrases and approximate entropy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from stages.attacks.ragged import Floats, Ragged

SYMBOLS = 8
"""Number of equal steps between a row's smallest and largest number."""
PATTERN = 2
TOLERANCE = 0.8
"""Two patterns of `PATTERN` numbers match if no number differs by more than this, in nats (CAMIA's value)."""
_PAIRS_AT_ONCE = 1 << 22


def phrases(rows: Ragged) -> Floats:
    """Return the number of phrases in each row's Lempel-Ziv parse (LZ78): float64[n].

    Each number becomes one of `SYMBOLS` symbols, equal steps of its own row's range. A row of equal numbers has one
    symbol.
    """
    lowest, highest = _extremes(rows)
    width = np.where(highest > lowest, highest - lowest, 1.0)
    symbols = np.minimum((rows.values - lowest[rows.owner]) / width[rows.owner] * SYMBOLS, SYMBOLS - 1).astype(np.intp)
    bounds = rows.offsets.tolist()
    whole = symbols.tolist()
    return np.array([_parsed(whole[start:end]) for start, end in pairwise(bounds)], np.float64)


def _extremes(rows: Ragged) -> tuple[Floats, Floats]:
    lowest, highest = np.zeros(len(rows.lengths)), np.zeros(len(rows.lengths))
    filled = rows.lengths > 0
    if filled.any():
        starts = rows.offsets[:-1][filled]
        lowest[filled] = np.minimum.reduceat(rows.values, starts)
        highest[filled] = np.maximum.reduceat(rows.values, starts)
    return lowest, highest


def _parsed(symbols: list[int]) -> int:
    """Return the number of phrases: the longest earlier phrase plus one symbol each; an incomplete rest counts."""
    known: dict[tuple[int, int], int] = {}
    phrase = count = 0
    for symbol in symbols:
        longer = known.get((phrase, symbol))
        if longer is None:
            count += 1
            known[phrase, symbol] = count
        phrase = longer or 0
    return count + (phrase > 0)


def approximate_entropies(rows: Ragged) -> Floats:
    """Return each row's approximate entropy (Pincus 1991), in nats.

    It is 0 for rows that are too short for a pattern, and NaN for empty rows. Rows of equal length are computed
    together.
    """
    found = np.where(rows.lengths > 0, 0.0, np.nan)
    for length in np.unique(rows.lengths[rows.lengths > PATTERN + 1]).tolist():
        chosen = np.flatnonzero(rows.lengths == length)
        block = max(1, _PAIRS_AT_ONCE // length**2)
        for start in range(0, len(chosen), block):
            part = chosen[start : start + block]
            values = rows.values[rows.offsets[part][:, None] + np.arange(length)]
            alike = np.abs(values[:, :, None] - values[:, None, :]) <= TOLERANCE
            found[part] = _regularity(alike, PATTERN) - _regularity(alike, PATTERN + 1)
    return found


def _regularity(alike: np.ndarray[tuple[int, int, int], np.dtype[np.bool_]], width: int) -> Floats:
    """Return the mean log share of patterns of `width` that match each pattern. `alike`: bool[rows, T, T]."""
    count = alike.shape[1] - width + 1
    matches = alike[:, :count, :count].copy()
    for step in range(1, width):
        matches &= alike[:, step : step + count, step : step + count]
    return np.asarray(np.log(matches.mean(axis=2)).mean(axis=1), np.float64)
