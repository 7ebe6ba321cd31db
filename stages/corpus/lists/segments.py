"""Segments of recordings: times and channels from cells, and segments that overlap."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from stages.core.sound.recordings import Recording
from stages.corpus.lists.cells import as_text
from stages.corpus.lists.columns import Fields, in_seconds

TOLERANCE = 0.01
"""Seconds by which segments may overlap: times are written with two decimals."""

CHANNELS = {"a": 0, "left": 0, "l": 0, "b": 1, "right": 1, "r": 1}
_MOST_CHANNELS = 256


class SegmentError(ValueError):
    """Times or a channel that no segment can have; the message is a phrase."""


def times(cells: Mapping[str, object], fields: Fields) -> tuple[float | None, float | None]:
    """Return start and end of a row's segment in seconds; None where the recording's own begins or ends it.

    Raises
    ------
    SegmentError
        For a cell that is not a number, a negative start, or an end that is not after the start.
    """
    start = _seconds(cells, fields, "start")
    if start is None:
        start = _seconds(cells, fields, "offset")
    end = _seconds(cells, fields, "end")
    if end is None and (duration := _seconds(cells, fields, "duration")) is not None:
        end = round((start or 0.0) + duration, 9)  # 2.4 + 0.6 is 3.0, not 3.0000000000000004
    if start is not None and start < 0:
        raise SegmentError(f"a segment that starts before its recording ({start:g} s)")
    if end is not None and end <= (start or 0.0):
        raise SegmentError(f"a segment whose end is not after its start ({start or 0.0:g} to {end:g} s)")
    return start, end


def _seconds(cells: Mapping[str, object], fields: Fields, field: str) -> float | None:
    text = as_text(fields.of_row(cells, field)).strip()
    if not text:
        return None
    try:
        seconds = float(text) * in_seconds(field, fields.columns[field])
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise SegmentError(f"a time that is not a number of seconds ({fields.columns[field]!r}: {text[:40]!r})")
    return round(seconds, 9)


def channel_of(text: str) -> int | None:
    """Return the channel that a cell names, counted from 0 (A and left are 0, B and right are 1); None if blank.

    Raises
    ------
    SegmentError
        For any other text.
    """
    word = text.strip().lower()
    if not word:
        return None
    if word in CHANNELS:
        return CHANNELS[word]
    if not (word.isascii() and word.isdigit() and int(word) < _MOST_CHANNELS):
        raise SegmentError(f"a channel that is not a number counted from 0 ({text[:40]!r})")
    return int(word)


def are_channels(values: Iterable[str]) -> bool:
    """Return whether every value names a channel, and at least one is not blank."""
    some = False
    for value in set(values):
        try:
            some = channel_of(value) is not None or some
        except SegmentError:
            return False
    return some


def overlaps(recordings: Sequence[Recording]) -> dict[int, int]:
    """Find the segments of one recording and channel that overlap by more than `TOLERANCE`.

    Both are found: each holds what the transcript of the other says. A whole recording is no segment, unless other
    rows name segments of it.

    Returns
    -------
    dict of int to int
        For the index of each such segment, the index of one that it overlaps.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        groups[(recording.path, recording.offset, recording.row)].append(index)
    found: dict[int, int] = {}
    for members in groups.values():
        if len(members) > 1 and any(_is_segment(recordings[index]) for index in members):
            channels = {recordings[index].channel for index in members}
            for channel in channels - {None} or channels:
                # A row without a channel is heard in every channel.
                _sweep(recordings, [i for i in members if recordings[i].channel in (channel, None)], found)
    return found


def _sweep(recordings: Sequence[Recording], members: list[int], found: dict[int, int]) -> None:
    """Go through segments by their start; the one that ends last so far overlaps the next if any does."""
    ordered = sorted(members, key=lambda index: (recordings[index].start or 0.0, _end(recordings[index]), index))
    last = ordered[0]
    for index in ordered[1:]:
        if _end(recordings[last]) - (recordings[index].start or 0.0) > TOLERANCE:
            found.setdefault(index, last)
            found.setdefault(last, index)
        if _end(recordings[index]) > _end(recordings[last]):
            last = index


def _end(recording: Recording) -> float:
    return math.inf if recording.end is None else recording.end


def _is_segment(recording: Recording) -> bool:
    return recording.start is not None or recording.end is not None
