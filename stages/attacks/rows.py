"""Scored rows: a target's per-token statistics of some transcripts, as one ragged table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stages.attacks.ragged import Floats, Ints, Ragged, offsets_of

INFINITE = 745.0
"""Stands for an infinite statistic (an impossible token, no second token): -log of the smallest float64. Sums and
differences then stay finite."""


@dataclass(frozen=True)
class Rows:
    """One slice of each of n transcripts.

    Attributes
    ----------
    statistics : dict of str to float64[total]
        As `stages.logits.statistics.token_statistics` names them; NaN where a statistic is not known.
    offsets : intp[n + 1]
        Row i holds the tokens from ``offsets[i]`` up to ``offsets[i + 1]``; a row may be empty.
    texts : sequence of str
        The n transcripts.
    token_ids : int64[total] or None
    complete : bool
        Whether every statistic is certainly known for every token; False where nobody has looked.
    """

    statistics: Mapping[str, Floats]
    offsets: Ints
    texts: Sequence[str]
    token_ids: NDArray[np.int64] | None = None
    complete: bool = False

    @classmethod
    def of_one(
        cls, statistics: Mapping[str, NDArray[np.floating]], text: str, token_ids: NDArray[np.integer] | None
    ) -> Rows:
        """Return one transcript's row.

        Raises
        ------
        ValueError
            If statistics or ids differ in length.
        """
        told = [np.asarray(of_tokens) for of_tokens in statistics.values()]
        ids = None if token_ids is None else np.asarray(token_ids, np.int64)
        shapes = {array.shape for array in (told if ids is None else [*told, ids])} or {(0,)}
        if len(shapes) > 1 or len(min(shapes)) != 1:
            raise ValueError(f"statistics and token_ids must be of one dimension and length, not {sorted(shapes)}")
        values = np.array(told, np.float64)  # all at once: a call costs more than its tokens
        complete = bool(np.isfinite(values).all())
        values = values if complete else finite(values)
        return cls(dict(zip(statistics, values, strict=True)), np.array([0, *min(shapes)]), [text], ids, complete)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> Ints:
        """Tokens in each row: intp[n]."""
        return np.diff(self.offsets)

    @cached_property
    def owner(self) -> Ints:
        """The row of each token: intp[total]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def statistic(self, name: str) -> Ragged:
        """Return one statistic, without the tokens for which it is unknown."""
        if name not in self._told:
            build = Ragged if self.complete else Ragged.of
            self._told[name] = build(self.statistics[name], self.offsets)
        return self._told[name]

    @cached_property
    def _told(self) -> dict[str, Ragged]:
        """The statistics that were asked for, because several attacks read and sort the same ones."""
        return {}

    def ragged(self, values: Floats) -> Ragged:
        """Return one number per token as rows; NaN is left out."""
        return Ragged.of(values, self.offsets)

    def first_occurrences(self) -> NDArray[np.bool_] | None:
        """Return whether each token is the first of its id in its row: bool[total]; None without token ids."""
        if self.token_ids is None:
            return None
        if len(self) == 1:
            found = np.zeros(len(self.token_ids), np.bool_)
            found[np.unique(self.token_ids, return_index=True)[1]] = True
            return found
        order = np.lexsort((self.token_ids, self.owner))  # stable: the earliest of equal tokens comes first
        owner, ids = self.owner[order], self.token_ids[order]
        found = np.ones(len(ids), np.bool_)
        found[order[1:]] = (owner[1:] != owner[:-1]) | (ids[1:] != ids[:-1])
        return found

    def keep(self, names: Sequence[str]) -> Rows:
        """Return the rows with only the named statistics; names that the rows lack are ignored."""
        kept = {name: self.statistics[name] for name in names if name in self.statistics}
        return Rows(kept, self.offsets, self.texts, self.token_ids)

    def take(self, index: Ints) -> Rows:
        """Return the rows at some indices, in that order; -1 gives an empty row without text."""
        lengths = np.where(index < 0, 0, self.lengths[index] if len(self) else 0)
        offsets = offsets_of(lengths)
        starts = np.where(index < 0, 0, self.offsets[:-1][index] if len(self) else 0)
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Rows(
            {name: values[places] for name, values in self.statistics.items()},
            offsets,
            ["" if at < 0 else self.texts[at] for at in index.tolist()],
            None if self.token_ids is None else self.token_ids[places],
        )


def finite(values: NDArray[np.floating]) -> Floats:
    """Return float64 values in which ±`INFINITE` replaces infinities; NaN stays."""
    return np.nan_to_num(np.asarray(values, np.float64), nan=np.nan, posinf=INFINITE, neginf=-INFINITE)


def joined(parts: Iterable[Rows]) -> Rows:
    """Return the rows of several tables that all have the first one's statistics; no rows if there is no table."""
    tables = list(parts)
    if not tables:
        return Rows({}, np.zeros(1, np.intp), [], np.zeros(0, np.int64))
    lengths = np.concatenate([np.diff(table.offsets) for table in tables])
    ids = [table.token_ids for table in tables if table.token_ids is not None]
    return Rows(
        {name: np.concatenate([table.statistics[name] for table in tables]) for name in tables[0].statistics},
        offsets_of(lengths),
        [text for table in tables for text in table.texts],
        np.concatenate(ids) if len(ids) == len(tables) else None,
    )
