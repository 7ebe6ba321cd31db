"""Round trips through real codecs, as libsndfile encodes and decodes them."""

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
        `law`; `scale`, by which the clip was turned down lest it clip before or after coding.
    """
    narrow, before = within_range(soxr.resample(samples, RATE, NARROW, quality="VHQ"))
    if not len(narrow):  # a single sample
        return samples, {"law": law, "scale": 1.0}
    heard = _through(narrow, NARROW, format="WAV", subtype=law.upper())
    changed, after = within_range(fitted(soxr.resample(heard, NARROW, RATE, quality="VHQ"), len(samples)))
    return changed, {"law": law, "scale": before * after}


def opus(samples: Samples, compression: float) -> tuple[Samples, CodecRecipe]:
    """Send a clip through Opus; a compression of 0 is about 260 kbit/s, of 1 about 10.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`.
    """
    return _compressed(samples, compression, format="OGG", subtype="OPUS")


def mp3(samples: Samples, compression: float) -> tuple[Samples, CodecRecipe]:
    """Send a clip through MP3; a compression of 0 is about 50 kbit/s, of 0.99, the highest, about 20.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`.
    """
    return _compressed(samples, compression, format="MP3", subtype="MPEG_LAYER_III")


def round_trip(samples: Samples, codec: str) -> Samples:
    """Send a clip through a codec at a usual rate, or through none; for pairings, which are levelled by one."""
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
    """Encode and decode; what the codec adds at the end stays."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **kind)
    buffer.seek(0)
    heard, _ = soundfile.read(buffer, dtype="float32")
    return np.asarray(heard, np.float32)
