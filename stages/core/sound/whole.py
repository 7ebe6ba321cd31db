"""Decode a recording from its beginning to its true end, in blocks, and hold its length against what is stated."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.containers import streams_of
from stages.core.sound.containers.kinds import HEAD, kind_of
from stages.core.sound.containers.stream import Stream, Undecodable, View
from stages.core.sound.ffmpeg import require_ffmpeg, through_ffmpeg
from stages.core.sound.recordings import Recording, content
from stages.core.sound.streamed import opened

UNSTATED = 1 << 40
"""So many frames, years of sound, are libsndfile's word for an unknown length."""


@dataclass(frozen=True)
class Decoded:
    """Samples of a recording, before mixing and resampling.

    Attributes
    ----------
    samples : float32[frames, channels]
    rate : int
        In Hz.
    format, subtype : str
        libsndfile's names, such as "FLAC" and "PCM_16".
    channels : int
        Of the recording, of which `samples` may hold one.
    """

    samples: Samples
    rate: int
    format: str
    subtype: str
    channels: int


def parts_of(folder: Path, recording: Recording, most_seconds: float) -> Iterator[Decoded]:
    """Yield the whole sound of a recording in blocks."""
    source, streams = structure(folder, recording, most_seconds)
    for stream in streams:
        yield from blocks_of(source, stream, most_seconds)


class Outline(NamedTuple):
    """What is known of a recording without decoding it: its length in seconds, and its channels."""

    seconds: float
    channels: int


def outline_of(folder: Path, recording: Recording) -> Outline:
    """Return what the structure of a recording tells.

    Raises
    ------
    Undecodable
        As decoding would, as far as the structure tells.
    """
    source, streams = structure(folder, recording, math.inf)
    seconds, channels = 0.0, 0
    for stream in streams:
        with opened(source if stream.data is None else stream.data) as file:
            seconds += file.frames / file.samplerate if stream.seconds is None else stream.seconds
            channels = file.channels
    return Outline(seconds, channels)


def stated_seconds(folder: Path, recording: Recording) -> float | None:
    """Open a recording without decoding it, and return the length that its header states; None if it states none.

    Its structure is read only where libsndfile does not open it: that tells a truer reason, or where its sound begins.

    Raises
    ------
    Undecodable
    """
    source = content(folder, recording)
    with viewed(source) as view:
        kind = kind_of(view[:HEAD])
    if kind.family == "ffmpeg":
        require_ffmpeg(kind)
        return None
    try:
        with opened(source) as file:
            return float(file.frames / file.samplerate) if file.frames < UNSTATED else None
    except Undecodable:
        return outline_of(folder, recording).seconds


def structure(folder: Path, recording: Recording, most_seconds: float) -> tuple[Path | bytes, list[Stream]]:
    """Return what libsndfile reads, which ffmpeg may have made, and the stretches of it that are to be decoded."""
    source = content(folder, recording)
    with viewed(source) as view:
        kind = kind_of(view[:HEAD])
        if kind.family != "ffmpeg":
            return source, streams_of(view)
    wave = through_ffmpeg(source, kind, most_seconds)
    return wave, streams_of(wave)


@contextmanager
def viewed(source: Path | bytes) -> Iterator[View]:
    """Give the bytes of a file without reading it whole."""
    if isinstance(source, bytes):
        if not source:
            raise Undecodable("empty: 0 bytes")
        yield source
        return
    with source.open("rb") as handle:
        if not handle.seek(0, 2):
            raise Undecodable("empty: 0 bytes")
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


def blocks_of(source: Path | bytes, stream: Stream, most_seconds: float) -> Iterator[Decoded]:
    """Decode one stretch, and hold its length against what its structure or its header states."""
    with opened(source if stream.data is None else stream.data) as file:
        stated = stream.seconds
        if stated is None:
            stated = file.frames / file.samplerate if file.frames < UNSTATED else 0.0
        count = 0
        for block in file.blocks_to_end():
            count += len(block)
            if (seconds := max(count / file.samplerate, stated)) > most_seconds:
                raise too_long(seconds, most_seconds)
            yield Decoded(block, file.samplerate, file.format, file.subtype, file.channels)
        if count / file.samplerate < stated - stream.slack:
            raise Undecodable(
                f"can be decoded to {count / file.samplerate:.3f} s only, of {stated:.3f} s: it is cut or damaged"
            )
        if not count:
            nothing = np.zeros((0, file.channels), np.float32)
            yield Decoded(nothing, file.samplerate, file.format, file.subtype, file.channels)


def together(parts: Sequence[Decoded]) -> Decoded:
    """Put blocks of sound one after the other."""
    first = parts[0]
    check_alike(first, parts)
    return first if len(parts) == 1 else replace(first, samples=np.concatenate([part.samples for part in parts]))


def check_alike(first: Decoded, parts: Sequence[Decoded]) -> None:
    """Refuse streams that cannot follow each other in one clip.

    Raises
    ------
    Undecodable
    """
    if any((part.rate, part.channels) != (first.rate, first.channels) for part in parts):
        raise Undecodable("holds a second stream after the first (of another rate or number of channels)")


def too_long(seconds: float, most_seconds: float) -> Undecodable:
    """Return the error for a clip that is longer than a corpus takes."""
    return Undecodable(f"longer than corpus.max_seconds ({seconds:.3f} s of {most_seconds:g} s)", broken=False)
