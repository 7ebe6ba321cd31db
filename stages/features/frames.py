"""Short frames of a sound: their levels and power spectra."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stages.core.sound.audio import RATE, Samples

FLOOR_DB = -120.0
"""The level of digital silence, in dB relative to full scale."""

WINDOW = 512
"""Samples of a spectral frame: 32 ms."""

_FRAMES_AT_ONCE = 2048
Floats = NDArray[np.float32]


def framed(samples: Samples, width: int, hop: int) -> Floats:
    """Return overlapping frames as a view, float32[T, width]; a sound shorter than a frame is padded with zeros."""
    padded = np.pad(samples, (0, max(0, width - len(samples))))
    return sliding_window_view(padded, width)[::hop]


def frame_levels(samples: Samples, width: int = RATE // 50, hop: int = RATE // 100) -> Floats:
    """Return the level of each 20 ms frame, every 10 ms, in dB relative to full scale, at least `FLOOR_DB`."""
    frames = framed(samples, width, hop)
    power = np.einsum("ij,ij->i", frames, frames) / width
    return decibels(power)


def power_spectra(frames: Floats) -> Floats:
    """Return the power spectrum of each frame under a Hann window: float32[T, width / 2 + 1].

    A full-scale sine at a bin's frequency has power 1.
    """
    window = np.hanning(frames.shape[1] + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    power = np.empty((len(frames), frames.shape[1] // 2 + 1), np.float32)
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * window, axis=1)
        power[start : start + len(spectrum)] = spectrum.real**2 + spectrum.imag**2
    return power


def decibels(power: Floats) -> Floats:
    """Return ``10 log10(power)``, at least `FLOOR_DB`."""
    levels = 10 * np.log10(np.maximum(power, np.float32(1e-30)))
    # The limit comes after the logarithm, so that the floor is exact.
    return np.asarray(np.maximum(levels, FLOOR_DB), dtype=np.float32)
