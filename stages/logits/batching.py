"""Form batches of missing rows: rows of one sound stay together, with sounds of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from stages.core.sound.clips import UndecodedSound
from stages.logits.plan import PlannedRow

ROWS_SORTED = 512
"""Number of rows sorted by length together: enough for batches of similar length, few enough to bound memory."""
BATCHES_SORTED = 8
"""Number of large batches sorted together."""


@dataclass(frozen=True)
class Sounding:
    """A row with its sound, not made or decoded yet."""

    row: PlannedRow
    sound: UndecodedSound


def batches(
    rows: Iterable[PlannedRow], size: int, sound_of: Callable[[PlannedRow], UndecodedSound]
) -> Iterator[list[Sounding]]:
    """Yield batches of rows of similar length and one transcript source; a sound's rows stay together.

    Rows that the target generates run apart, because many prompts that are continued together cost little more than
    few, and given transcripts would take their places.

    Parameters
    ----------
    rows : iterable of PlannedRow
        The rows of a clip follow each other. Rows are sorted by seconds and characters within windows of about
        `ROWS_SORTED` rows, or eight batches if that is more; no clip spans two windows.
    size : int
        Rows in a batch; a sound with more rows is split over several batches.
    sound_of : callable
        From a row to its sound.
    """
    for window in _windows(rows, max(ROWS_SORTED, BATCHES_SORTED * size)):
        of_hash = {row.audio_hash: row for row in window}
        sounds = {name: sound_of(row) for name, row in of_hash.items()}
        seconds = {name: row.seconds for name, row in of_hash.items()}
        # The longest row of a sound comes first, because the other rows reuse the beginning that they share with it.
        window.sort(key=lambda row: (seconds[row.audio_hash], row.audio_hash, -len(row.text or ""), row.neighbour_id))
        for condition in sorted({row.condition for row in window}):
            of_condition = [row for row in window if row.condition == condition]
            grouped = [list(of_sound) for _, of_sound in groupby(of_condition, key=lambda row: row.audio_hash)]
            for batch in _filled(grouped, size):
                yield [Sounding(row, sounds[row.audio_hash]) for row in batch]


@dataclass(frozen=True)
class BatchesAgain:
    """The batches of `batches`, which are formed anew each time that they are read."""

    rows: Sequence[PlannedRow]
    size: int
    sound_of: Callable[[PlannedRow], UndecodedSound]

    def __iter__(self) -> Iterator[list[Sounding]]:
        return batches(self.rows, self.size, self.sound_of)


def _windows(rows: Iterable[PlannedRow], size: int) -> Iterator[list[PlannedRow]]:
    window: list[PlannedRow] = []
    for _, of_clip in groupby(rows, key=lambda row: row.clip_id):
        window += of_clip
        if len(window) >= size:
            yield window
            window = []
    if window:
        yield window


def _filled(sounds: Sequence[Sequence[PlannedRow]], size: int) -> Iterator[list[PlannedRow]]:
    batch: list[PlannedRow] = []
    for rows in sounds:
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            if len(batch) + len(part) > size:
                yield batch
                batch = []
            batch = [*batch, *part]
    if batch:
        yield batch
