"""Regularity of rows of numbers: phrases of a Lempel-Ziv parse (LZ78)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from stages.core.inference.statistics import Floats, Ints

SYMBOLS = 8
"""Number of equal steps between a row's smallest and largest number."""


def phrases(values: Floats, offsets: Ints) -> Floats:
    """Return the number of phrases in each row's parse: float64[n].

    Each number becomes one of `SYMBOLS` symbols, equal steps of its own row's range. A row of equal numbers has one
    symbol.

    Parameters
    ----------
    values : float64[total]
        Finite.
    offsets : intp[n + 1]
        Row i is ``values[offsets[i] : offsets[i + 1]]``.

    Examples
    --------
    >>> phrases(np.array([1.0, 1.0, 1.0, 2.0]), np.array([0, 4])).tolist()
    [3.0]
    """
    lowest, highest = _extremes(values, offsets)
    owner = np.repeat(np.arange(len(lowest)), np.diff(offsets))
    width = np.where(highest > lowest, highest - lowest, 1.0)
    symbols = np.minimum((values - lowest[owner]) / width[owner] * SYMBOLS, SYMBOLS - 1).astype(np.intp)
    whole = symbols.tolist()
    return np.array([_parsed(whole[start:end]) for start, end in pairwise(offsets.tolist())], np.float64)


def _extremes(values: Floats, offsets: Ints) -> tuple[Floats, Floats]:
    filled = offsets[1:] > offsets[:-1]
    starts = offsets[:-1]
    if filled.all():
        return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    lowest, highest = np.zeros(len(filled)), np.zeros(len(filled))
    if filled.any():
        lowest[filled] = np.minimum.reduceat(values, starts[filled])
        highest[filled] = np.maximum.reduceat(values, starts[filled])
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
