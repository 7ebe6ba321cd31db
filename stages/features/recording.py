"""Recording features: how a clip was recorded, encoded and cut, not what is said or who says it.

The ingest measured the first group on the file itself, because mixing and resampling remove the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from stages.core.sound.audio import RATE, Samples
from stages.features.family import Clip, feature_family
from stages.features.frames import FLOOR_DB, WINDOW, Floats, decibels, frame_levels, framed, power_spectra

LOSSY = ("MPEG", "VORBIS", "OPUS", "GSM", "ADPCM")
COMPANDED = ("ULAW", "ALAW")
CONTAINERS = ("WAV", "FLAC", "MP3", "OGG")
PARTS = 8
"""Number of parts of the file's own band. It stands here too, so that other changes of the schema rerun no row."""

QUIET_EDGES = (0, 250, 500, 1000, 2000, 4000, 8001)
"""Edges, in Hz, of the bands in which the background is measured."""

_MEASURED = ("rate", "channels", "bits", "bandwidth", "noise_floor", "codec_trace", "cut_off")
_DECAY_FRAMES = 5
_FRAMES_PER_SECOND = 100

COLUMNS = (
    *_MEASURED,
    "bandwidth_share",
    "peak",
    "clipped",
    "dc",
    "lossy",
    "companded",
    "floating",
    *(f"part{part}" for part in range(PARTS)),
    *(f"quiet_part{part}" for part in range(PARTS)),
    *(f"is_{name.lower()}" for name in CONTAINERS),
    "seconds",
    "level",
    "crest",
    "snr",
    "leading_silence",
    "trailing_silence",
    "silence_share",
    "digital_silence_share",
    "decay",
    "low_level",
    "high_level",
    *(f"background{band}" for band in range(len(QUIET_EDGES) - 1)),
)


@feature_family("recording", columns=COLUMNS, needs=("audio_hash", "source"), libraries=("numpy",))
def measure(clip: Clip) -> dict[str, float]:
    """Measure how a clip was recorded.

    Units are seconds, Hz and dB. A `part` is the level of an eighth of the file's own band, the lowest first. A
    `quiet_part` is the level of that part in quiet frames. `clipped` and `dc` are decimal logarithms (with 1e-6 added),
    because small values matter. For silence all levels are at the floor, and features relative to them are 0.
    """
    levels = frame_levels(clip.samples)
    return _of_file(clip.source) | _of_levels(clip.samples, levels) | _of_spectrum(clip.samples)


def _of_file(source: Mapping[str, Any]) -> dict[str, float]:
    subtype = str(source["subtype"]).upper()
    return {
        **{name: float(source[name]) for name in _MEASURED},
        "bandwidth_share": float(source["bandwidth"]) / (float(source["rate"]) / 2),
        "peak": max(FLOOR_DB, 20 * float(np.log10(max(float(source["peak"]), 1e-6)))),
        "clipped": float(np.log10(float(source["clipped_share"]) + 1e-6)),
        "dc": float(np.log10(abs(float(source["dc"])) + 1e-6)),
        "lossy": float(any(name in subtype for name in LOSSY)),
        "companded": float(subtype in COMPANDED),
        "floating": float(subtype in ("FLOAT", "DOUBLE")),
        **{f"part{part}": float(level) for part, level in enumerate(source["spectrum"])},
        **{f"quiet_part{part}": float(level) for part, level in enumerate(source["quiet_spectrum"])},
        **{f"is_{name.lower()}": float(str(source["format"]).upper().startswith(name)) for name in CONTAINERS},
    }


def _of_levels(samples: Samples, levels: Floats) -> dict[str, float]:
    quiet, loud = np.percentile(levels, [5, 95])
    threshold = (quiet + loud) / 2
    sounding = np.flatnonzero(levels >= threshold)  # never empty: the loudest frame reaches the threshold
    level = float(decibels(np.mean(samples**2, keepdims=True))[0])
    peak = float(decibels(np.max(samples**2, keepdims=True))[0])
    return {
        "seconds": len(samples) / RATE,
        "level": level,
        "crest": peak - level,
        "snr": float(loud - quiet),
        "leading_silence": float(sounding[0]) / _FRAMES_PER_SECOND,
        "trailing_silence": float(len(levels) - 1 - sounding[-1]) / _FRAMES_PER_SECOND,
        "silence_share": float(np.mean(levels < threshold)),
        "digital_silence_share": float(np.mean(levels <= FLOOR_DB)),
        "decay": decay(levels),
    }


def decay(levels: Floats) -> float:
    """Return how fast sounds decay: the median fall, in dB per second, over stretches that fall for 50 ms.

    It is a proxy for reverberation: in a dry room the level falls steeply. It is 0.0 if nothing falls for that long.
    Levels 40 dB below the loudest frame count as background, which does not fall.
    """
    steps = np.diff(np.maximum(levels, np.max(levels) - 40))
    falling = steps < 0
    if len(steps) < _DECAY_FRAMES:
        return 0.0
    stretches = framed(steps, _DECAY_FRAMES, 1)
    whole = framed(falling.astype(np.float32), _DECAY_FRAMES, 1).all(axis=1)
    slopes = -stretches[whole].mean(axis=1) * _FRAMES_PER_SECOND
    return float(np.median(slopes)) if len(slopes) else 0.0


def _of_spectrum(samples: Samples) -> dict[str, float]:
    """Return the levels below 80 Hz and above 6 kHz, and the background's levels in bands.

    The background is the quietest tenth of the frames. Each level is relative to the whole spectrum that it is part
    of, in dB.
    """
    power = power_spectra(framed(samples, WINDOW, WINDOW))
    hertz = np.linspace(0, RATE / 2, power.shape[1])
    total = power.sum(axis=1)
    quiet = power[np.argsort(total, kind="stable")[: max(1, len(total) // 10)]].mean(axis=0)
    values = {
        "low_level": _relative(power.mean(axis=0), hertz < 80),
        "high_level": _relative(power.mean(axis=0), hertz > 6000),
    }
    bands = pairwise(QUIET_EDGES)
    return values | {
        f"background{band}": _relative(quiet, (hertz >= low) & (hertz < high)) for band, (low, high) in enumerate(bands)
    }


def _relative(spectrum: Floats, part: Any) -> float:
    both = decibels(np.array([spectrum[part].sum(), spectrum.sum()], dtype=np.float32))
    return float(both[0] - both[1])
