"""Round trips through real codecs: libsndfile encodes and decodes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
import soxr

from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import fitted, within_range

NARROW = 8_000
"""G.711's rate, in Hz."""
NO_CODEC = "none"
CodecRecipe = dict[str, str | float]
"""The codec's setting, and `scale`: the gain (at most 1) applied to avoid clipping."""


def g711(samples: Samples, law: str) -> tuple[Samples, CodecRecipe]:
    """Send a clip through G.711: 8 kHz, 8 bits by µ-law or A-law, 64 kbit/s.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `law`; `scale`, the gain (at most 1) applied to avoid clipping before and after coding.
    """
    narrow, before = within_range(soxr.resample(samples, RATE, NARROW, quality="VHQ"))
    if not len(narrow):  # a single sample
        return samples, {"law": law, "scale": 1.0}
    heard = _through(narrow, NARROW, format="WAV", subtype=law.upper())
    changed, after = within_range(fitted(soxr.resample(heard, NARROW, RATE, quality="VHQ"), len(samples)))
    return changed, {"law": law, "scale": before * after}


def opus(samples: Samples, compression: float) -> tuple[Samples, CodecRecipe]:
    """Send a clip through Opus; compression 0 is about 260 kbit/s, compression 1 about 10 kbit/s.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`.
    """
    return _compressed(samples, compression, format="OGG", subtype="OPUS")


def mp3(samples: Samples, compression: float) -> tuple[Samples, CodecRecipe]:
    """Send a clip through MP3; compression 0 is about 50 kbit/s, the highest value, 0.99, about 20 kbit/s.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`.
    """
    return _compressed(samples, compression, format="MP3", subtype="MPEG_LAYER_III")


def round_trip(samples: Samples, codec: str) -> Samples:
    """Send a clip through a codec at a common bit rate, or return it unchanged for `NO_CODEC`.

    Pairings use it, so that all of them share one recording condition.
    """
    if codec == NO_CODEC:
        return samples
    if codec == "g711":
        return g711(samples, "ulaw")[0]
    return {"opus": opus, "mp3": mp3}[codec](samples, 0.8)[0]


def _compressed(samples: Samples, compression: float, **kind: str) -> tuple[Samples, CodecRecipe]:
    heard = _through(samples, RATE, compression_level=compression, **kind)
    changed, scale = within_range(fitted(heard, len(samples)))
    return changed, {"compression": compression, "scale": scale}


def _through(samples: Samples, rate: int, **kind: Any) -> Samples:
    """Encode and decode; samples that the codec adds at the end are kept."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **kind)
    buffer.seek(0)
    heard, _ = soundfile.read(buffer, dtype="float32")
    return np.asarray(heard, np.float32)
