"""Rows of unequal length in one flat array with offsets, so that no Python loop over rows is needed.

The same code scores one row and a whole corpus: a single row is a ragged array with one row. Sums over a single row
skip the bookkeeping of many rows, which costs ten times as much as the sums themselves; they add up in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_FIRST = np.zeros(1, np.intp)
_CELLS_AT_ONCE = 1 << 20
"""Number of padded cells that are sorted at a time. It bounds the memory that padding takes."""


def offsets_of(lengths: NDArray[np.integer]) -> Ints:
    """Return the start of each row, and the end of the last row: intp[n + 1]."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)


def positions(offsets: Ints) -> Ints:
    """Return each number's position in its own row, counted from 0."""
    if len(offsets) == 2:
        return np.arange(offsets[1])
    lengths = np.diff(offsets)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)


@dataclass(frozen=True)
class Ragged:
    """Rows of numbers. Build them with `of`, which leaves out NaN.

    Attributes
    ----------
    values : float64[total]
        Without NaN.
    offsets : intp[n + 1]
        Row i is ``values[offsets[i] : offsets[i + 1]]``.
    """

    values: Floats
    offsets: Ints

    @classmethod
    def of(cls, values: Floats, offsets: Ints) -> Ragged:
        """Build rows without NaN: a token whose statistic is unknown does not count in any score made of it."""
        known = ~np.isnan(values)
        if known.all():
            return cls(values, offsets)
        before = np.concatenate([[0], np.cumsum(known)])
        return cls(values[known], before[offsets].astype(np.intp))

    @property
    def filled_alone(self) -> bool:
        """Whether there is a single row, and it has numbers."""
        return len(self.offsets) == 2 and len(self.values) > 0

    @cached_property
    def lengths(self) -> Ints:
        """Numbers in each row: intp[n]."""
        return self.offsets[1:] - self.offsets[:-1]

    @cached_property
    def owner(self) -> Ints:
        """The row of each number: intp[total]."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def sums(self) -> Floats:
        """Return each row's sum, 0 for an empty one: float64[n]."""
        if self.filled_alone:
            return np.asarray(np.add.reduceat(self.values, _FIRST))
        found = np.zeros(len(self.lengths))
        filled = self.lengths > 0
        if filled.any():
            found[filled] = np.add.reduceat(self.values, self.offsets[:-1][filled])
        return found

    def means(self) -> Floats:
        """Return each row's mean, NaN for an empty one: float64[n]."""
        if self.filled_alone:
            return self.sums() / len(self.values)
        return self._over(self.sums(), self.lengths)

    @cached_property
    def ordered(self) -> Ragged:
        """The rows, each sorted in ascending order."""
        if self.filled_alone:
            return Ragged(np.sort(self.values), self.offsets)
        values = np.empty_like(self.values)
        by_length = np.argsort(self.lengths, kind="stable")
        start = 0
        while start < len(by_length):
            # Rows of similar length share a block, so that there is little padding.
            rows = by_length[start : start + self._rows_that_fit(by_length, start)]
            start += len(rows)
            lengths = self.lengths[rows]
            inside = np.arange(lengths.max(initial=0)) < lengths[:, None]
            places = self.offsets[rows][:, None] + np.arange(inside.shape[1])
            block = np.full(inside.shape, np.inf)
            block[inside] = self.values[places[inside]]
            block.sort(axis=1)
            values[places[inside]] = block[inside]
        return Ragged(values, self.offsets)

    def mean_of_first(self, counts: Ints) -> Floats:
        """Return the mean of the first `counts[i]` numbers of each row, at least one; NaN for an empty row."""
        return self._picked(positions(self.offsets) < counts[self.owner])

    def mean_of_last(self, counts: Ints) -> Floats:
        """Return the mean of the last `counts[i]` numbers of each row, at least one; NaN for an empty row."""
        return self._picked(positions(self.offsets) >= (self.lengths - counts)[self.owner])

    def extremes(self, shares: Sequence[float]) -> Floats:
        """Return the means of each row's lowest and highest shares, float64[shares, 2, n]; see `count_of`."""
        return np.asarray(extremes_of([self], shares)[0])

    def _picked(self, chosen: NDArray[np.bool_]) -> Floats:
        if self.filled_alone:
            return np.asarray(np.add.reduceat(np.where(chosen, self.values, 0.0), _FIRST) / np.count_nonzero(chosen))
        counts = np.bincount(self.owner[chosen], minlength=len(self.lengths))
        return self._over(Ragged(np.where(chosen, self.values, 0.0), self.offsets).sums(), counts)

    def _rows_that_fit(self, by_length: Ints, start: int) -> int:
        """Return how many rows from `start` on can be padded together within the bound; at least one."""
        ahead = self.lengths[by_length[start : start + _CELLS_AT_ONCE]]
        cells = ahead * np.arange(1, len(ahead) + 1)
        return max(1, int(np.searchsorted(cells, _CELLS_AT_ONCE, side="right")))

    @staticmethod
    def _over(sums: Floats, counts: NDArray[np.integer]) -> Floats:
        return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))


def extremes_of(several: Sequence[Ragged], shares: Sequence[float]) -> Floats:
    """Return `Ragged.extremes` of several statistics, float64[k, shares, 2, n].

    Those of one row are sorted and added up together.
    """
    if len({(len(each.offsets), len(each.values)) for each in several}) == 1 and several[0].filled_alone:
        taken, counts = _taken(len(several[0].values), tuple(shares))
        ordered = np.sort([each.values for each in several], axis=1)
        means = np.add.reduceat(np.where(taken, ordered[:, None], 0.0), _FIRST, axis=2) / counts
        return np.asarray(means.reshape(len(several), len(shares), 2, 1))
    return np.array([_extremes(each.ordered, shares) for each in several])


def _extremes(ordered: Ragged, shares: Sequence[float]) -> list[tuple[Floats, Floats]]:
    counted = [count_of(share, ordered.lengths) for share in shares]
    return [(ordered.mean_of_first(counts), ordered.mean_of_last(counts)) for counts in counted]


@lru_cache(maxsize=1024)
def _taken(length: int, shares: tuple[float, ...]) -> tuple[NDArray[np.bool_], Floats]:
    """Return which numbers of a sorted row `extremes_of` takes, bool[2k, length], and how many, float64[2k, 1]."""
    counts = [int(count_of(share, np.array([length]))[0]) for share in shares]
    place = np.arange(length)
    taken = np.array([side for count in counts for side in (place < count, place >= length - count)])
    return taken, np.repeat(np.array(counts, np.float64), 2)[:, None]


def count_of(share: float | Floats, lengths: Ints) -> Ints:
    """Return the number of tokens in a share of each row, rounded down.

    The number is at least one, so that short answers have a score. A tiny amount is added before rounding, because
    0.29 · 100 is below 29 in floating point.
    """
    return np.asarray(np.maximum(1, np.floor(share * lengths + 1e-9)), np.intp)


def percent(share: float) -> str:
    """Return a share as an attack's name writes it: 0.2 gives ``20``."""
    return f"{100 * share:g}"
