"""Decode and encode sound. Inside the pipeline every clip is mono, 16 kHz, float32 in [-1, 1]."""

from __future__ import annotations

import io
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000

Samples = NDArray[np.float32]


def decode(source: Path | bytes) -> tuple[Samples, int, Any]:
    """Decode a file, or its bytes, without mixing or resampling.

    Returns
    -------
    samples : float32[frames, channels]
    rate : int
        In Hz.
    info : soundfile._SoundFileInfo-like
        With ``format``, ``subtype``, ``channels`` and ``samplerate``.

    Raises
    ------
    soundfile.LibsndfileError
        If libsndfile cannot read it as sound (it reads WAV, FLAC, Ogg, Opus, MP3, AIFF and others).
    """
    handle: str | BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    with soundfile.SoundFile(handle) as file:
        samples = file.read(dtype="float32", always_2d=True)
        return samples, file.samplerate, file


def to_pipeline(samples: Samples, rate: int) -> Samples:
    """Mix to mono and resample to 16 kHz (soxr, very high quality): float32[n]."""
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="VHQ")
    return np.clip(mono, -1.0, 1.0).astype(np.float32)


def encode_flac(samples: Samples) -> bytes:
    """Encode float32[n] at 16 kHz as 16-bit mono FLAC; values outside [-1, 1] are clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, to_pcm16(samples), RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_flac(data: bytes) -> Samples:
    """Decode what `encode_flac` wrote: float32[n]."""
    samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    return np.asarray(samples, dtype=np.float32)


def to_pcm16(samples: Samples) -> NDArray[np.int16]:
    """Round float samples to 16-bit integers, the precision that clips are stored in."""
    return np.round(np.clip(samples, -1.0, 32767 / 32768) * 32768).astype(np.int16)


def as_stored(samples: Samples) -> Samples:
    """Return float32[n] as it comes back from `encode_flac` and `decode_flac`, without encoding it."""
    return np.divide(to_pcm16(samples), np.float32(32768), dtype=np.float32)


def audio_hash(samples: Samples) -> str:
    """Return a hash of the sound's 16-bit samples, 32 hex digits, which does not depend on the encoder."""
    return blake2b(to_pcm16(samples).tobytes(), digest_size=16).hexdigest()
