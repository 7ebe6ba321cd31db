"""Turn one recording into a clip, or give the reason why that is impossible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import soundfile

from stages.core.sound.audio import RATE, Samples, audio_hash, decode, encode_flac, to_pcm16, to_pipeline
from stages.core.sound.recordings import Recording
from stages.corpus.params import Ingest
from stages.corpus.source import SourceFile, measure_source

HIGHEST_PEAK = 4.0
"""Highest accepted peak. Mastering can leave peaks above full scale (1); samples far above were never scaled to 1."""


@dataclass(frozen=True)
class Rejected:
    """The reason why a recording gives no clip.

    Attributes
    ----------
    reason : str
        A phrase for people.
    unreadable : bool
        Whether the file could not be decoded at all. `corpus.unreadable` says whether that stops the ingest; other
        recordings without a clip go to quarantine.
    """

    reason: str
    unreadable: bool = False


class IngestedClip(TypedDict):
    """The audio columns of ``clips.parquet``: FLAC bytes, seconds, a hash of the samples, and the original file.

    Where one recording gives several clips, each has an id, a text and a place of its own.
    """

    audio: bytes
    seconds: float
    audio_hash: str
    source: SourceFile
    clip_id: NotRequired[str]
    text: NotRequired[str]
    recording: NotRequired[Recording]


def ingest(path: Path, limits: Ingest) -> IngestedClip | Rejected:
    """Decode a recording and measure it.

    Returns
    -------
    IngestedClip or Rejected
    """
    seconds = probe(path)
    if isinstance(seconds, Rejected):
        return seconds
    if seconds > limits.max_seconds:  # checked before decoding, which could fill the memory
        return _too_long(seconds, limits)
    try:
        samples, rate, info = decode(path)
    except soundfile.LibsndfileError as error:
        return _not_audio(error)
    return _unusable(samples, rate, limits) or _clip(samples, rate, info.format, info.subtype)


def probe(path: Path) -> float | Rejected:
    """Return the seconds that a recording's header states, or why it cannot be opened. Nothing is decoded."""
    if path.suffix.lower() == ".raw":  # soundfile opens it only with a given rate and format
        return Rejected("raw samples without a header that states rate and format", unreadable=True)
    try:
        return float(soundfile.info(str(path)).duration)
    except soundfile.LibsndfileError as error:
        return _not_audio(error)


def _unusable(samples: Samples, rate: int, limits: Ingest) -> Rejected | None:
    seconds = len(samples) / rate
    if not len(samples):
        return Rejected("no samples")
    if not np.isfinite(samples).all():
        return Rejected("samples that are not finite")
    if (peak := float(np.abs(samples).max())) > HIGHEST_PEAK:
        return Rejected(f"far beyond full scale, which is 1 (peak {peak:.3g}): divide the samples, or save integers")
    if seconds < limits.min_seconds:
        return Rejected(f"shorter than corpus.min_seconds ({seconds:.3f} s)")
    if seconds > limits.max_seconds:
        return _too_long(seconds, limits)
    return None


def _too_long(seconds: float, limits: Ingest) -> Rejected:
    return Rejected(f"longer than corpus.max_seconds ({seconds:.3f} s of {limits.max_seconds:g} s)")


def _clip(samples: Samples, rate: int, container: str, subtype: str) -> IngestedClip | Rejected:
    clip = to_pipeline(samples, rate)
    if not to_pcm16(clip).any():
        return Rejected("silent: every sample is zero")
    return {
        "audio": encode_flac(clip),
        "seconds": len(clip) / RATE,
        "audio_hash": audio_hash(clip),
        "source": measure_source(samples, rate, container, subtype),
    }


def _not_audio(error: soundfile.LibsndfileError) -> Rejected:
    # libsndfile's message without the path, which our messages name anyway
    words = str(error.error_string).strip().rstrip(".")
    return Rejected(f"not audio that can be decoded ({words})", unreadable=True)
