"""From a recording to samples: the whole sound, or the segment of it, and the mono clip that is made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import Samples, decode, to_pcm16, to_pipeline
from stages.core.sound.levels import rms
from stages.core.sound.recordings import Recording

CANCELLED = 0.25
"""Channels cancel where their mean has less than this share of their level: their correlation is below -0.87."""
SLACK = 0.02
"""Seconds by which a segment may end after its recording: rounding of times in lists."""


class Undecodable(EarwitnessError):
    """The sound of a recording cannot be had whole.

    Attributes
    ----------
    reason : str
        A phrase for people, which is true of the file.
    broken : bool
        Whether the file is at fault; False for a segment, a channel or a limit that does not fit a sound file.
    """

    def __init__(self, reason: str, *, broken: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.broken = broken


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
    """

    samples: Samples
    rate: int
    format: str
    subtype: str


def decode_recording(folder: Path, recording: Recording) -> Decoded:
    """Decode a recording to its true end, and cut the segment out.

    Parameters
    ----------
    folder : Path
        ``data/raw/<corpus>``.
    recording : Recording
        With a `channel`, only that channel is returned.

    Raises
    ------
    Undecodable
        With a reason that is true of the file.
    """
    path = folder / recording.path
    try:
        samples, rate, info = decode(path)
    except soundfile.LibsndfileError as error:
        # libsndfile's message without the path, which our messages name anyway
        words = str(error.error_string).strip().rstrip(".")
        raise Undecodable(f"not audio that can be decoded ({words})") from error
    return Decoded(_channel(_segment(samples, rate, recording), recording), rate, info.format, info.subtype)


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
    else:
        _check_mix(samples)
    return (to_pcm16(to_pipeline(samples, decoded.rate)) / np.float32(32768)).astype(np.float32)


def _check_mix(samples: Samples) -> None:
    if samples.shape[1] < 2:
        return
    centred = samples - samples.mean(axis=0)
    if rms(centred.ravel()) > 0 and rms(centred.mean(axis=1)) < CANCELLED * rms(centred.ravel()):
        raise Undecodable(
            "its channels cancel each other when they are mixed (one is inverted): set corpora.X.channel to 'first' or "
            "'loudest'",
            broken=False,
        )


def _segment(samples: Samples, rate: int, recording: Recording) -> Samples:
    first = round((recording.start or 0.0) * rate)
    last = len(samples) if recording.end is None else round(recording.end * rate)
    if first >= len(samples) or last > len(samples) + math.ceil(SLACK * rate):
        raise Undecodable(
            f"its segment ends at {last / rate:.3f} s, after the recording's end at {len(samples) / rate:.3f} s",
            broken=False,
        )
    return samples[first:last]


def _channel(samples: Samples, recording: Recording) -> Samples:
    if recording.channel is None:
        return samples
    if recording.channel >= samples.shape[1]:
        raise Undecodable(
            f"has no channel {recording.channel} (it has {samples.shape[1]}, counted from 0)", broken=False
        )
    return samples[:, recording.channel : recording.channel + 1]
