"""Time and pitch: play a sound faster, lengthen it but keep its frequencies, or move its pitch but keep its length.

A phase vocoder with phases locked to peaks (Laroche and Dolson 1999) lengthens the sound and keeps its frequencies.
Pitch is moved by lengthening the sound and playing it faster by the same factor. This moves formants along with the
pitch, and it works for tones and music as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from stages.core.sound.audio import RATE
from stages.core.sound.levels import fitted

FRAME = 512
"""Samples per frame, 32 ms: two periods of a voice at 60 Hz."""
HOP = FRAME // 8

Floats = NDArray[np.float64]


def played_faster(samples: NDArray[np.floating[Any]], factor: float) -> NDArray[np.floating[Any]]:
    """Play a sound `factor` times as fast, so that pitch and formants move too: [n / factor] to within a sample.

    The result is empty only if the sound is. Frequencies that would rise above half the rate are filtered out.
    """
    played = soxr.resample(samples, RATE * factor, RATE, quality="VHQ")
    return np.asarray(played if len(played) else samples[:1])


def raised(samples: NDArray[np.floating[Any]], semitones: float) -> Floats:
    """Move every frequency of a sound by `semitones`, keeping its length and its mean power: float64[n]."""
    ratio = 2 ** (semitones / 12)
    longer = stretched(np.asarray(samples, np.float64), ratio)
    moved = fitted(soxr.resample(longer, RATE * ratio, RATE, quality="VHQ"), len(samples))
    power, new = (float(np.mean(np.square(part, dtype=np.float64))) for part in (samples, moved))
    return np.asarray(moved * np.sqrt(power / new) if new else moved, np.float64)


def stretched(samples: Floats, factor: float) -> Floats:
    """Make a sound `factor` times as long without moving its frequencies: float64[ceil(n * factor)]."""
    from scipy.signal import istft, stft

    padded = np.concatenate([samples, np.zeros(FRAME)])
    spectrum = stft(padded, nperseg=FRAME, noverlap=FRAME - HOP)[2]  # complex128[bins, frames]
    times = np.arange(0, spectrum.shape[1] - 1, 1 / factor)
    before = times.astype(np.intp)
    share = times - before
    size = np.abs(spectrum)
    phase = _phases(size[:, before], np.angle(spectrum), before)
    between = (1 - share) * size[:, before] + share * size[:, before + 1]
    longer = istft(between * np.exp(1j * phase), nperseg=FRAME, noverlap=FRAME - HOP)[1]
    return np.asarray(fitted(longer, int(np.ceil(len(samples) * factor))))


def _phases(size: Floats, angle: Floats, before: NDArray[np.intp]) -> Floats:
    """Return the phases of the new frames, each of which is made from the frame `before` it: float64[bins, new].

    The phase of a spectral peak advances by the peak's own frequency. The bins around a peak keep their original phase
    difference to it. If each bin advanced on its own, their phases would drift apart, and a voice would hardly be
    measured as voiced.
    """
    expected = 2 * np.pi * HOP * np.arange(len(angle))[:, None] / FRAME
    excess = np.diff(angle, axis=1) - expected
    advance = expected + excess - 2 * np.pi * np.round(excess / (2 * np.pi))
    phase = np.empty_like(size)
    phase[:, 0] = angle[:, 0]
    for new in range(1, len(before)):
        moved = phase[:, new - 1] + advance[:, before[new - 1]]
        own = _own_peak(size[:, new])
        phase[:, new] = moved[own] + angle[:, before[new]] - angle[own, before[new]]
    return phase


def _own_peak(size: Floats) -> NDArray[np.intp]:
    """Return for every bin the nearest peak, which exceeds two bins on each side; without peaks, the bin itself."""
    middle = size[2:-2]
    higher = (middle > size[1:-3]) & (middle > size[3:-1]) & (middle > size[:-4]) & (middle > size[4:])
    peaks = np.flatnonzero(higher) + 2
    if not len(peaks):
        return np.arange(len(size))
    return np.asarray(peaks[np.searchsorted((peaks[1:] + peaks[:-1]) / 2, np.arange(len(size)))])
