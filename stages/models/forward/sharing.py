"""Find the beginning that a row shares with another row of its batch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SharedPrefix:
    """How much of its beginning each row shares with another row of its batch.

    Attributes
    ----------
    parents : list of int
        Index of the row that shares its beginning; the row's own index if it runs whole.
    lengths : list of int
        Number of shared positions; 0 for a row that runs whole.
    """

    parents: list[int]
    lengths: list[int]

    @classmethod
    def none(cls, rows: int) -> SharedPrefix:
        """Return that of rows which share nothing."""
        return cls(list(range(rows)), [0] * rows)


def common_beginnings(rows: Sequence[Sequence[int]], sounds: Sequence[Hashable], least: Sequence[int]) -> SharedPrefix:
    """Find the beginning that each row shares with the first row of the same sound.

    Parameters
    ----------
    rows : sequence of sequence of int
        Token ids; all audio positions hold the same id, for every sound.
    sounds : sequence of hashable
        The sound of each row.
    least : sequence of int
        Position at which each row's sound ends. A row that shares less runs whole.
    """
    first: dict[Hashable, int] = {}
    parents, lengths = [], []
    for at, (row, sound) in enumerate(zip(rows, sounds, strict=True)):
        parent = first.setdefault(sound, at)
        length = _common(rows[parent], row) if parent != at else 0
        parents.append(parent if length >= least[at] else at)
        lengths.append(length if length >= least[at] else 0)
    return SharedPrefix(parents, lengths)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)
