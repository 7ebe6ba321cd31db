"""From a recording to samples: the whole sound, or the segment of it, and the mono clip that is made of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.core.sound.audio import Samples, as_stored, to_pipeline
from stages.core.sound.containers.stream import Undecodable
from stages.core.sound.levels import rms
from stages.core.sound.recordings import NoContent, Recording
from stages.core.sound.segments import segment_of
from stages.core.sound.whole import Decoded, Outline, outline_of, parts_of, stated_seconds, together

__all__ = ["Decoded", "Undecodable", "decode_recording", "picked_channel", "sound_of"]

CANCELLED = 0.25
"""Channels cancel where their mean has less than this share of their level: for two, a correlation below -0.87."""


def decode_recording(folder: Path, recording: Recording, most_seconds: float = math.inf) -> Decoded:
    """Decode a recording to its true end, or the segment of it.

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
    with _reasons():
        if recording.start is None and recording.end is None:
            decoded = together(list(parts_of(folder, recording, most_seconds)))
        else:
            decoded = segment_of(folder, recording, most_seconds)
    return replace(decoded, samples=_channel(decoded.samples, recording))


def header_seconds(folder: Path, recording: Recording) -> float | None:
    """Open a recording without decoding it, and return the length that its header states; None if it states none.

    Raises
    ------
    Undecodable
        With a reason that is true of the file.
    """
    with _reasons():
        return stated_seconds(folder, recording)


def outline(folder: Path, recording: Recording) -> Outline:
    """Return the length and the channels of a recording, without decoding it where its structure tells them.

    Raises
    ------
    Undecodable
        With a reason that is true of the file.
    """
    with _reasons():
        return outline_of(folder, recording)


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
    samples, picked = decoded.samples, picked_channel(decoded, channel_rule)
    if picked is not None:
        samples = samples[:, picked : picked + 1]
    elif samples.shape[1] > 1:
        _check_mix(samples)
    return as_stored(to_pipeline(samples, decoded.rate))


def picked_channel(decoded: Decoded, channel_rule: str) -> int | None:
    """Return the channel that a rule picks of several, counted from 0; None if there is one, or if they are mixed."""
    if decoded.samples.shape[1] < 2 or channel_rule not in {"first", "loudest"}:
        return None
    return 0 if channel_rule == "first" else int(np.argmax([rms(channel) for channel in decoded.samples.T]))


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn other errors about a file into the one that carries a reason."""
    try:
        yield
    except NoContent as error:
        raise Undecodable(error.reason) from error
    except OSError as error:
        raise Undecodable(f"cannot be read ({error.strerror or error})") from error


def _check_mix(samples: Samples) -> None:
    centred = samples - samples.mean(axis=0)
    level = rms(centred.ravel())
    if level > 0 and rms(centred.mean(axis=1)) < CANCELLED * level:
        raise Undecodable(
            "its channels cancel each other when they are mixed (one is inverted): set corpora.X.channel to 'first' or "
            "'loudest'",
            broken=False,
        )


def _channel(samples: Samples, recording: Recording) -> Samples:
    if recording.channel is None:
        return samples
    if not 0 <= recording.channel < samples.shape[1]:
        raise Undecodable(
            f"has no channel {recording.channel} (it has {samples.shape[1]}, counted from 0)", broken=False
        )
    return samples[:, recording.channel : recording.channel + 1]
