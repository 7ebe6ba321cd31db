"""Cut segments out of recordings without decoding a long recording once for each of its segments."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.core.sound.containers.stream import AS_IT_IS, SLACK, Stream, Undecodable
from stages.core.sound.recordings import Recording, content
from stages.core.sound.streamed import ForwardFile, opened
from stages.core.sound.whole import Decoded, blocks_of, check_alike, structure, too_long

EXACT = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "NIST", "FLAC"}
"""Formats of libsndfile in which seeking leads to the very frame, where the samples are `PLAIN`."""
PLAIN = {"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}

_held: dict[tuple[object, ...], Decoded] = {}
"""The recording that was last decoded whole for a segment: at most one, its samples in a file without a name."""
_known: dict[tuple[object, ...], None] = {}
"""Recordings whose structure was read: one stream, to be decoded as it is."""
KNOWN = 256


def segment_of(folder: Path, recording: Recording, most_seconds: float) -> Decoded:
    """Return a segment of a recording.

    It is read alone where the file can be seeked exactly. Otherwise the whole sound is decoded and kept on the disk for
    the next segment of the same recording.

    Parameters
    ----------
    folder : Path
        ``data/raw/<corpus>``.
    recording : Recording
        With `start`, `end` or both.
    most_seconds : float
        A longer segment is refused.

    Raises
    ------
    Undecodable
        For a segment that is empty or too long, or that ends after the recording by more than `SLACK` seconds.
    """
    start, end = recording.start or 0.0, recording.end
    if start < 0 or (end is not None and end <= start):
        raise Undecodable(f"its segment, {start:g} s to {end} s, is empty or begins before 0", broken=False)
    if end is not None and end - start > most_seconds:
        raise too_long(end - start, most_seconds)
    key = _key(folder, recording)
    if key not in _held:
        source, streams = _structure(folder, recording, key)
        if (sought := _sought(source, streams, start, end, most_seconds)) is not None:
            return sought
        whole = _on_disk(source, streams)
        _held.clear()
        _held[key] = whole
    held = _held[key]
    first, last = _bounds(len(held.samples), held.rate, start, end, most_seconds)
    return replace(held, samples=np.array(held.samples[first:last]))


def _structure(folder: Path, recording: Recording, key: tuple[object, ...]) -> tuple[Path | bytes, list[Stream]]:
    """Read the structure of a recording once for all its segments, where there is nothing to keep but its name."""
    if key in _known:
        return content(folder, recording), AS_IT_IS
    source, streams = structure(folder, recording, math.inf)
    if isinstance(source, Path) and [stream.data for stream in streams] == [None]:
        if len(_known) >= KNOWN:
            del _known[next(iter(_known))]
        _known[key] = None
    return source, streams


def _key(folder: Path, recording: Recording) -> tuple[object, ...]:
    path = folder / recording.path
    found = path.stat() if path.is_file() else None
    place = replace(recording, start=None, end=None, channel=None)
    return str(path.absolute()), place, found and (found.st_mtime_ns, found.st_size)


def _sought(
    source: Path | bytes, streams: list[Stream], start: float, end: float | None, most_seconds: float
) -> Decoded | None:
    """Read the segment alone; None where that is not exact."""
    if len(streams) != 1 or streams[0].data is not None:
        return None
    with opened(source) as file:
        if file.format not in EXACT or file.subtype not in PLAIN:
            return None
        first, last = _bounds(file.frames, file.samplerate, start, end, most_seconds)
        file.seek(first)
        samples = file.read(last - first, dtype="float32", always_2d=True)
        if len(samples) < last - first:
            raise Undecodable(f"can be decoded to {(first + len(samples)) / file.samplerate:.3f} s only: it is damaged")
        return _like(file, samples)


def _bounds(frames: int, rate: int, start: float, end: float | None, most_seconds: float) -> tuple[int, int]:
    """Return the first frame of a segment and the one after its last, each time rounded to the nearest frame."""
    seconds = frames / rate
    if start >= seconds or (end is not None and end > seconds + SLACK):
        until = "" if end is None else f" to {end:.3f} s"
        raise Undecodable(
            f"its segment, {start:.3f} s{until}, ends after the recording, which lasts {seconds:.3f} s", broken=False
        )
    if end is None and seconds - start > most_seconds:
        raise too_long(seconds - start, most_seconds)
    return round(start * rate), frames if end is None else min(frames, round(end * rate))


def _on_disk(source: Path | bytes, streams: list[Stream]) -> Decoded:
    """Decode the whole sound into a file that vanishes with its last reader."""
    first: Decoded | None = None
    with tempfile.TemporaryFile() as file:
        for stream in streams:
            for part in blocks_of(source, stream, math.inf):
                first = first or replace(part, samples=part.samples[:0])
                check_alike(first, [part])
                part.samples.tofile(file)
        assert first is not None  # a stream has at least one block
        file.flush()
        if not file.tell():
            return first
        return replace(first, samples=np.memmap(file, np.float32, "r").reshape(-1, first.channels))


def _like(file: ForwardFile, samples: np.ndarray) -> Decoded:
    return Decoded(samples, file.samplerate, file.format, file.subtype, file.channels)
