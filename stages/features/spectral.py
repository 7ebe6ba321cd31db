"""Spectral features: cepstra, spectral shape and long-term average spectrum, from one short-time transform.

The definitions are librosa's (the tests compare them). They are written out here over one shared power spectrogram,
because importing librosa takes a worker longer than measuring a whole corpus of short clips.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import RATE
from stages.features.family import Clip, feature_family
from stages.features.frames import WINDOW, Floats, decibels, framed, power_spectra

HOP = RATE // 100
CEPSTRA = 16
MEL_BANDS = 40
AVERAGE_BANDS = 24
ROLLOFF = 0.85
MODULATION = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 50.0)
"""Octaves, in Hz, in which the level's modulation is measured: words, syllables, speech sounds, noise."""

EDGES = (0, 200, 400, 800, 1600, 3200, 6400, 8001)
"""Octave bands of the spectral contrast, in Hz."""

_TINY = np.float32(1e-12)
_SHAPES = ("centroid", "bandwidth", "rolloff", "flatness", "zero_crossings")

COLUMNS = (
    *(f"mfcc{index}_{kind}" for kind in ("mean", "std", "delta_std") for index in range(CEPSTRA)),
    *(f"{shape}_{kind}" for shape in _SHAPES for kind in ("mean", "std")),
    *(f"contrast{band}_mean" for band in range(len(EDGES) - 1)),
    *(f"average_spectrum{band}_{kind}" for kind in ("mean", "std", "change") for band in range(AVERAGE_BANDS)),
    *(f"modulation{octave}" for octave in range(len(MODULATION) - 1)),
)


@feature_family("spectral", columns=COLUMNS, needs=("audio_hash",), libraries=("numpy",))
def measure(clip: Clip) -> dict[str, float]:
    """Measure a clip's spectrum.

    Frames last 32 ms and start every 10 ms. Units are Hz for centroid, bandwidth and rolloff, a ratio in [0, 1] for
    flatness, crossings per sample for the zero-crossing rate, and dB for the rest. The mean of the long-term average
    spectrum is relative to its mean over the bands, so that only ``mfcc0_mean`` holds the overall level. The spectrum's
    change is the standard deviation of the steps between frames; it is small if steady noise fills the gaps in speech.
    In silence every band is at the floor, centroid, bandwidth and rolloff are 0, flatness is 1, and `modulation` is
    -60. A clip of one frame has standard deviations of 0.
    """
    frames = framed(clip.samples, WINDOW, HOP)
    power = power_spectra(frames)
    values = _cepstra(power)
    for name, track in zip(_SHAPES, (*_shapes(power), _zero_crossings(frames)), strict=True):
        values[f"{name}_mean"], values[f"{name}_std"] = float(track.mean()), float(track.std())
    values |= {f"contrast{band}_mean": value for band, value in enumerate(_contrast(power))}
    return values | _average_spectrum(power) | _modulation(frames)


def _cepstra(power: Floats) -> dict[str, float]:
    cepstra = decibels(power @ mel_bank(MEL_BANDS)) @ _cosines(MEL_BANDS, CEPSTRA)  # [T, CEPSTRA]
    deltas = np.gradient(cepstra, axis=0) if len(cepstra) > 1 else np.zeros_like(cepstra)
    tables = {"mean": cepstra.mean(axis=0), "std": cepstra.std(axis=0), "delta_std": deltas.std(axis=0)}
    return {f"mfcc{index}_{kind}": float(row[index]) for kind, row in tables.items() for index in range(CEPSTRA)}


def _shapes(power: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the centroid, bandwidth, rolloff and flatness of every frame."""
    hertz = _hertz()
    magnitude = np.sqrt(power)
    share = magnitude / np.maximum(magnitude.sum(axis=1, keepdims=True), _TINY)
    centroid = share @ hertz
    # The second moment minus the square of the first. Rounding can make it slightly negative.
    bandwidth = np.sqrt(np.maximum(share @ hertz**2 - centroid**2, 0))
    gathered = np.cumsum(share, axis=1)
    rolloff = hertz[np.argmax(gathered >= ROLLOFF * gathered[:, -1:], axis=1)]
    floored = np.maximum(power, _TINY)
    flatness = np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1)
    return centroid, bandwidth, rolloff, flatness


def _zero_crossings(frames: Floats) -> Floats:
    negative = np.signbit(frames)
    crossings: Floats = np.mean(negative[:, 1:] != negative[:, :-1], axis=1, dtype=np.float32)
    return crossings


def _contrast(power: Floats) -> list[float]:
    """Return, per octave band, the level of the strongest fifth of the bins above the weakest fifth, in dB."""
    hertz = _hertz()
    contrasts = []
    for low, high in pairwise(EDGES):
        band = np.sort(power[:, (hertz >= low) & (hertz < high)], axis=1)
        count = max(1, band.shape[1] // 5)
        gap = decibels(band[:, -count:].mean(axis=1)) - decibels(band[:, :count].mean(axis=1))
        contrasts.append(float(gap.mean()))
    return contrasts


def _average_spectrum(power: Floats) -> dict[str, float]:
    levels = decibels(power @ mel_bank(AVERAGE_BANDS))  # [T, AVERAGE_BANDS]
    mean, deviation = levels.mean(axis=0), levels.std(axis=0)
    change = np.diff(levels, axis=0).std(axis=0) if len(levels) > 1 else np.zeros_like(mean)
    tables = {"mean": mean - mean.mean(), "std": deviation, "change": change}
    return {
        f"average_spectrum{band}_{kind}": float(row[band])
        for kind, row in tables.items()
        for band in range(AVERAGE_BANDS)
    }


def _modulation(frames: Floats) -> dict[str, float]:
    """Return each octave's share, in dB, of the level's modulation above 0.5 Hz; at least -60."""
    level = decibels(np.einsum("ij,ij->i", frames, frames) / WINDOW).astype(np.float64)
    # The transform is padded to at least about 10 s, so that a short clip has a value in every octave.
    length = 1 << max(10, (len(level) - 1).bit_length())
    power = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)), length)) ** 2
    hertz = np.arange(len(power)) * RATE / HOP / length
    octaves = np.histogram(hertz, MODULATION, weights=power)[0]
    shares = 10 * np.log10(octaves / max(octaves.sum(), 1e-9) + 1e-6)
    return {f"modulation{octave}": float(share) for octave, share in enumerate(shares)}


@cache
def _hertz() -> Floats:
    return np.linspace(0, RATE / 2, WINDOW // 2 + 1, dtype=np.float32)


@cache
def mel_bank(bands: int) -> Floats:
    """Return triangular filters, equally spaced on O'Shaughnessy's mel scale up to 8 kHz: float32[bins, bands]."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)  # Hz
    hertz = np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None]
    rising = (hertz - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hertz) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _cosines(bands: int, count: int) -> NDArray[np.float32]:
    """Return the first `count` rows of the orthonormal discrete cosine transform II, transposed: [bands, count]."""
    angles = np.pi * (np.arange(bands)[:, None] + 0.5) * np.arange(count) / bands
    scale = np.where(np.arange(count) == 0, np.sqrt(1 / bands), np.sqrt(2 / bands))
    return (np.cos(angles) * scale).astype(np.float32)
