"""Prosodic features by Praat: pitch, voice quality, formants, intensity, rhythm. Only this family imports Praat.

Pitch, harmonicity, jitter and shimmer follow Boersma (1993), 'Accurate short-term analysis of the fundamental
frequency and the harmonics-to-noise ratio of a sampled sound', as Praat implements them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
from numpy.typing import NDArray

from stages.core.sound.audio import RATE, Samples
from stages.features.family import Clip, feature_family, finite

if TYPE_CHECKING:
    import parselmouth

PITCH = (75.0, 500.0)
"""Lowest and highest pitch of the search, in Hz."""

FORMANT_RATE = 11_000
STEP = 0.01
SHORTEST = 0.1
"""Shortest clip in seconds; Praat's windows do not fit into a shorter one. All features of a shorter clip are 0."""

PAUSE_SECONDS = 0.15
PAUSE_DEPTH = 25.0
SYLLABLE_DIP = 2.0
"""Smallest fall of intensity between two syllables, in dB (de Jong and Wempe, 2009)."""

_PERIODS = (0, 0, 0.0001, 0.02, 1.3)  # Praat's standard settings: range, shortest and longest period, largest ratio
_FORMANTS = (1, 2, 3)
Floats = NDArray[np.float64]

COLUMNS = (
    "measured",
    "voiced",
    "voiced_share",
    "voiced_stretch",
    "f0_mean",
    "f0_median",
    "f0_std",
    "f0_range",
    "f0_slope",
    "jitter",
    "shimmer",
    "hnr_mean",
    "hnr_std",
    *(f"f{formant}_{kind}" for formant in _FORMANTS for kind in ("mean", "std")),
    "intensity_mean",
    "intensity_std",
    "intensity_range",
    "syllable_rate",
    "pause_rate",
    "pause_share",
    "pause_seconds",
)


@feature_family("prosodic", columns=COLUMNS, needs=("audio_hash",), libraries=("numpy", "praat-parselmouth", "soxr"))
def measure(clip: Clip) -> dict[str, float]:
    """Measure a clip's prosody.

    Units are Hz for the mean and median of f0 and for formants, semitones for the standard deviation and range (5th to
    95th percentile) of f0, semitones per second for its slope, and dB for harmonicity and intensity. Jitter and shimmer
    are local and relative. Rates are per second. An undefined feature is 0, such as the pitch if nothing is voiced;
    `voiced` (1 or 0) and `measured` (0 for a clip under 0.1 s) show this.
    """
    import parselmouth  # loading it takes longer than a cached run of the whole stage

    values = dict.fromkeys(COLUMNS, 0.0)
    if len(clip.samples) < SHORTEST * RATE:
        return values
    sound = parselmouth.Sound(clip.samples.astype(np.float64), RATE)
    pitch = sound.to_pitch_ac(time_step=STEP, pitch_floor=PITCH[0], pitch_ceiling=PITCH[1])
    values |= {"measured": 1.0} | _intensity(sound, clip.samples) | _formants(clip.samples)
    return values | _pitch(pitch) | _periods(sound, pitch)


def _pitch(pitch: parselmouth.Pitch) -> dict[str, float]:
    frequency, strength = pitch.selected_array["frequency"], pitch.selected_array["strength"]
    voiced = frequency > 0
    if not voiced.any():
        return {}
    semitones = 12 * np.log2(frequency[voiced])
    # The strength of the candidate is the share r of periodic power: the harmonicity is r / (1 - r).
    share = np.clip(strength[voiced], 1e-4, 1 - 1e-4)
    harmonicity = 10 * np.log10(share / (1 - share))
    low, high = np.percentile(semitones, [5, 95])
    return {
        "voiced": 1.0,
        "voiced_share": float(voiced.mean()),
        "voiced_stretch": float(voiced.sum()) * STEP / len(_runs(voiced)),
        "f0_mean": float(frequency[voiced].mean()),
        "f0_median": float(np.median(frequency[voiced])),
        "f0_std": float(semitones.std()),
        "f0_range": float(high - low),
        "f0_slope": _slope(np.flatnonzero(voiced) * STEP, semitones),
        "hnr_mean": float(harmonicity.mean()),
        "hnr_std": float(harmonicity.std()),
    }


def _periods(sound: parselmouth.Sound, pitch: parselmouth.Pitch) -> dict[str, float]:
    from parselmouth.praat import call

    pulses = call([sound, pitch], "To PointProcess (cc)")
    jitter = call(pulses, "Get jitter (local)", *_PERIODS)
    shimmer = call([sound, pulses], "Get shimmer (local)", *_PERIODS, 1.6)
    return {"jitter": finite(jitter), "shimmer": finite(shimmer)}


def _formants(samples: Samples) -> dict[str, float]:
    import parselmouth
    from parselmouth.praat import call

    # Praat looks for formants up to half of this rate. Its own resampling is ten times as slow as soxr.
    narrow = soxr.resample(samples, RATE, FORMANT_RATE, quality="VHQ").astype(np.float64)
    # A frame every 20 ms is enough for a mean.
    tracks = parselmouth.Sound(narrow, FORMANT_RATE).to_formant_burg(
        time_step=2 * STEP, maximum_formant=FORMANT_RATE / 2
    )
    values = {}
    for formant in _FORMANTS:
        values[f"f{formant}_mean"] = finite(call(tracks, "Get mean", formant, 0, 0, "hertz"))
        values[f"f{formant}_std"] = finite(call(tracks, "Get standard deviation", formant, 0, 0, "hertz"))
    return values


def _intensity(sound: parselmouth.Sound, samples: Samples) -> dict[str, float]:
    contour = sound.to_intensity(minimum_pitch=PITCH[0], time_step=STEP, subtract_mean=True).values[0]
    contour = np.maximum(np.nan_to_num(contour), 0.0)  # silence is far below 0 dB, the threshold of hearing
    low, high = np.percentile(contour, [5, 95])
    seconds = len(samples) / RATE
    pauses = [length * STEP for length in _runs(contour < contour.max() - PAUSE_DEPTH)]
    pauses = [length for length in pauses if length >= PAUSE_SECONDS]
    return {
        "intensity_mean": float(contour.mean()),
        "intensity_std": float(contour.std()),
        "intensity_range": float(high - low),
        "syllable_rate": count_syllables(contour) / seconds,
        "pause_rate": len(pauses) / seconds,
        "pause_share": sum(pauses) / seconds,
        "pause_seconds": float(np.mean(pauses)) if pauses else 0.0,
    }


def count_syllables(contour: Floats) -> int:
    """Count the peaks of an intensity contour (dB) that are `SYLLABLE_DIP` above the dips on both sides.

    Peaks that are `PAUSE_DEPTH` below the highest count as noise. A flat contour has no peak.
    """
    floor = contour.max() - PAUSE_DEPTH
    count, lowest, highest = 0, contour[0], -np.inf
    for level in contour:
        if highest == -np.inf:  # the contour falls: wait for a rise
            lowest = min(lowest, level)
            if level >= max(lowest + SYLLABLE_DIP, floor):
                highest = level
        else:
            highest = max(highest, level)
            if level <= highest - SYLLABLE_DIP:
                count, lowest, highest = count + 1, level, -np.inf
    return count


def _runs(flags: NDArray[np.bool_]) -> list[int]:
    """Return the lengths of the runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [int(length) for length in edges[1::2] - edges[::2]]


def _slope(times: NDArray[np.floating[Any]], values: NDArray[np.floating[Any]]) -> float:
    """Return the least-squares slope; 0.0 for fewer than two points."""
    spread = np.asarray(times - times.mean(), dtype=np.float64)
    return float(spread @ values / (spread @ spread)) if len(times) > 1 else 0.0
