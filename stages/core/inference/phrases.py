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
    whole = values.tolist()
    return np.array([_parsed(whole[start:end]) for start, end in pairwise(offsets.tolist())], np.float64)


def _parsed(row: list[float]) -> int:
    """Return the number of phrases: the longest earlier phrase plus one symbol each; an incomplete rest counts."""
    lowest = min(row, default=0.0)
    width = (max(row, default=0.0) - lowest) or 1.0
    known: dict[tuple[int, int], int] = {}
    phrase = count = 0
    for value in row:
        symbol = int((value - lowest) / width * SYMBOLS)
        key = phrase, symbol if symbol < SYMBOLS else SYMBOLS - 1
        longer = known.get(key)
        if longer is None:
            count += 1
            known[key] = count
            phrase = 0
        else:
            phrase = longer
    return count + (phrase > 0)
