"""Turn one recording into a clip, or give the reason why that is impossible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from stages.core.sound.audio import RATE, audio_hash, encode_flac
from stages.core.sound.decoding import Decoded, Undecodable, decode_recording, header_seconds, picked_channel, sound_of
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

    There are no bytes where the recording is read in place. It then names the channel that was picked.
    """

    audio: bytes | None
    seconds: float
    audio_hash: str
    source: SourceFile
    recording: NotRequired[Recording]


def ingest(
    recording: Recording, folder: Path, limits: Ingest, channel: str, *, embed: bool = True
) -> IngestedClip | Rejected:
    """Decode a recording and measure it.

    Parameters
    ----------
    recording : Recording
    folder : Path
        ``data/raw/<corpus>``. Absolute where the work is done in another process.
    limits : Ingest
    channel : str
        `corpora.X.channel`: what becomes of several channels.
    embed : bool
        Whether the clip keeps a copy of the sound. Without one, its recording names the channel that was picked, so
        that the sound can be read again.

    Returns
    -------
    IngestedClip or Rejected
    """
    try:
        decoded = decode_recording(folder, recording, limits.max_seconds)
        clip = _unusable(decoded, limits) or _clip(decoded, channel, embed)
        if embed or isinstance(clip, Rejected) or (picked := picked_channel(decoded, channel)) is None:
            return clip
        return {**clip, "recording": replace(recording, channel=picked)}
    except Undecodable as error:
        return Rejected(error.reason, error.broken)


def probe(recording: Recording, folder: Path) -> Rejected | None:
    """Return why a recording cannot be opened as sound, or None if it can. Nothing is decoded.

    Members of archives and cells of tables are not looked at: their bytes would have to be read.
    """
    if recording.offset is not None or recording.row is not None:
        return None
    try:
        header_seconds(folder, recording)
    except Undecodable as error:
        return Rejected(error.reason, error.broken)
    return None


def _unusable(decoded: Decoded, limits: Ingest) -> Rejected | None:
    samples, seconds = decoded.samples, len(decoded.samples) / decoded.rate
    if not len(samples):
        return Rejected("no samples")
    if not np.isfinite(samples).all():
        return Rejected("samples that are not finite")
    if (peak := float(np.abs(samples).max())) > HIGHEST_PEAK:
        return Rejected(f"far beyond full scale, which is 1 (peak {peak:.3g}): divide the samples, or save integers")
    if seconds < limits.min_seconds:
        return Rejected(f"shorter than corpus.min_seconds ({seconds:.3f} s)")
    if not samples.any():
        return Rejected("silent: every sample is zero")
    return None


def _clip(decoded: Decoded, channel: str, embed: bool) -> IngestedClip | Rejected:
    clip = sound_of(decoded, channel)
    if not clip.any():
        return Rejected("silent: every sample is zero")
    source = measure_source(decoded.samples, decoded.rate, decoded.format, decoded.subtype)
    return {
        "audio": encode_flac(clip) if embed else None,
        "seconds": len(clip) / RATE,
        "audio_hash": audio_hash(clip),
        "source": {**source, "channels": decoded.channels},
    }
