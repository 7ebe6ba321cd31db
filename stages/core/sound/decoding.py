"""From a recording to samples: the whole sound, or the segment of it, and the mono clip that is made of it."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.core.sound.audio import Samples, to_pcm16, to_pipeline
from stages.core.sound.containers import streams_of
from stages.core.sound.containers.stream import SLACK, Stream, Undecodable, View
from stages.core.sound.levels import rms
from stages.core.sound.recordings import NoContent, Recording, content
from stages.core.sound.streamed import opened

__all__ = ["Decoded", "Undecodable", "decode_recording", "sound_of"]

CANCELLED = 0.25
"""Channels cancel where their mean has less than this share of their level: their correlation is below -0.87."""


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


def decode_recording(folder: Path, recording: Recording, most_seconds: float = math.inf) -> Decoded:
    """Decode a recording to its true end, and cut the segment out.

    Parameters
    ----------
    folder : Path
        ``data/raw/<corpus>``.
    recording : Recording
        With a `channel`, only that channel is returned.
    most_seconds : float
        A longer clip is refused before it fills the memory.

    Raises
    ------
    Undecodable
        With a reason that is true of the file.
    """
    try:
        source = content(folder, recording)
        with viewed(source) as view:
            streams = streams_of(view)
    except NoContent as error:
        raise Undecodable(error.reason) from error
    except OSError as error:
        raise Undecodable(f"cannot be read ({error.strerror or error})") from error
    whole = _joined([_stream(source, stream, most_seconds) for stream in streams])
    samples = _channel(_segment(whole.samples, whole.rate, recording), recording)
    return Decoded(samples, whole.rate, whole.format, whole.subtype, whole.channels)


def sound_of(decoded: Decoded, channel_rule: str) -> Samples:
    """Return the clip's sound: float32[n], mono, 16 kHz, with the values that a 16-bit FLAC of it gives back.

    Parameters
    ----------
    decoded : Decoded
    channel_rule : {'mix', 'first', 'loudest', 'each'}
        What becomes of several channels. With `each`, the recording has picked one.

    Raises
    ------
    Undecodable
        If channels are to be mixed and cancel each other.
    """
    samples = decoded.samples
    if channel_rule == "first":
        samples = samples[:, :1]
    elif channel_rule == "loudest":
        loudest = int(np.argmax([rms(channel) for channel in samples.T]))
        samples = samples[:, loudest : loudest + 1]
    elif samples.shape[1] > 1:
        _check_mix(samples)
    return (to_pcm16(to_pipeline(samples, decoded.rate)) / np.float32(32768)).astype(np.float32)


def _check_mix(samples: Samples) -> None:
    centred = samples - samples.mean(axis=0)
    level = rms(centred.ravel())
    if level > 0 and rms(centred.mean(axis=1)) < CANCELLED * level:
        raise Undecodable(
            "its channels cancel each other when they are mixed (one is inverted): set corpora.X.channel to 'first' or "
            "'loudest'",
            broken=False,
        )


@contextmanager
def viewed(source: Path | bytes) -> Iterator[View]:
    """Give the bytes of a file without reading it whole.

    Raises
    ------
    Undecodable
        If there are none.
    """
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


def _stream(source: Path | bytes, stream: Stream, most_seconds: float) -> Decoded:
    """Decode one stretch, and hold its length against what its structure and its header state."""
    with opened(source if stream.data is None else stream.data) as file:
        most, count, blocks = most_seconds * file.samplerate, 0, []
        for block in file.blocks_to_end():
            blocks.append(block)
            if (count := count + len(block)) > most:
                raise Undecodable(f"longer than {most_seconds:g} s", broken=False)
        seconds = count / file.samplerate
        stated = file.frames / file.samplerate if stream.seconds is None else stream.seconds
        if seconds < stated - stream.slack and (stream.seconds is not None or file.frames < 1 << 40):
            raise Undecodable(f"can be decoded to {seconds:.3f} s only, of {stated:.3f} s: it is cut or damaged")
        samples = (
            blocks[0] if len(blocks) == 1 else np.concatenate(blocks or [np.zeros((0, file.channels), np.float32)])
        )
        return Decoded(samples, file.samplerate, file.format, file.subtype, file.channels)


def _joined(parts: list[Decoded]) -> Decoded:
    first = parts[0]
    if len(parts) == 1:
        return first
    if any((part.rate, part.channels) != (first.rate, first.channels) for part in parts):
        raise Undecodable("holds a second stream after the first (of another rate or number of channels)")
    samples = np.concatenate([part.samples for part in parts])
    return Decoded(samples, first.rate, first.format, first.subtype, first.channels)


def _segment(samples: Samples, rate: int, recording: Recording) -> Samples:
    first = round((recording.start or 0.0) * rate)
    last = len(samples) if recording.end is None else round(recording.end * rate)
    if (first and first >= len(samples)) or last > len(samples) + math.ceil(SLACK * rate):
        raise Undecodable(
            f"its segment ends at {last / rate:.3f} s, after the recording's end at {len(samples) / rate:.3f} s",
            broken=False,
        )
    return samples[first:last]


def _channel(samples: Samples, recording: Recording) -> Samples:
    if recording.channel is None:
        return samples
    if not 0 <= recording.channel < samples.shape[1]:
        raise Undecodable(
            f"has no channel {recording.channel} (it has {samples.shape[1]}, counted from 0)", broken=False
        )
    return samples[:, recording.channel : recording.channel + 1]
