"""Which missing rows run together: rows of one sound in one batch, beside sounds of like length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from stages.core.sound.audio import flac_samples
from stages.logits.plan import PlannedRow

ROWS_SORTED = 512
"""Rows whose lengths are compared at a time: enough for batches of like length, few enough for bounded memory."""


@dataclass(frozen=True)
class Sounding:
    """A row with its sound, as FLAC."""

    row: PlannedRow
    audio: bytes


def batches(rows: Iterable[PlannedRow], size: int, audio_of: Callable[[PlannedRow], bytes]) -> Iterator[list[Sounding]]:
    """Yield rows in batches of like length, a sound's rows together.

    Parameters
    ----------
    rows : iterable of PlannedRow
        A clip's rows next to each other. They are ordered by seconds and characters within windows of about
        `ROWS_SORTED` rows, which no clip crosses.
    size : int
        Rows in a batch; a sound that has more goes into several.
    audio_of : callable
        From a row to its FLAC bytes.
    """
    for window in _windows(rows):
        audio = {row.audio_hash: audio_of(row) for row in window}
        seconds = {name: flac_samples(data) for name, data in audio.items()}
        # Of the rows of a sound the longest first: the others share what they begin with in common with it.
        window.sort(key=lambda row: (seconds[row.audio_hash], row.audio_hash, -len(row.text or ""), row.neighbour_id))
        sounds = [list(of_sound) for _, of_sound in groupby(window, key=lambda row: row.audio_hash)]
        for batch in _filled(sounds, size):
            yield [Sounding(row, audio[row.audio_hash]) for row in batch]


def _windows(rows: Iterable[PlannedRow]) -> Iterator[list[PlannedRow]]:
    window: list[PlannedRow] = []
    for _, of_clip in groupby(rows, key=lambda row: row.clip_id):
        window += of_clip
        if len(window) >= ROWS_SORTED:
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
