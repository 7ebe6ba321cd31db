"""Recording conditions, measured on what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.sound.audio import RATE
from stages.lab_speech.conditions import HIGHEST_PEAK, coloured_noise, record
from stages.lab_speech.params import RecordingCondition

TONE = (0.2 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE)).astype(np.float32)
CLEAN = RecordingCondition(noisy_share=0.0, snr_db=(20, 0), telephone=False)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def band_power(samples: NDArray[np.floating], low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(power[(frequency >= low) & (frequency < high)].sum())


@pytest.mark.parametrize("decibels", [0.0, 10.0, 20.0])
def test_noise_has_the_ratio_asked_for(decibels: float) -> None:
    noisy = record(TONE, RecordingCondition(noisy_share=1.0, snr_db=(decibels, 0), telephone=False), rng())
    noise = noisy - record(TONE, CLEAN, rng())  # the same draws, so the same level
    ratio = 10 * np.log10(np.mean((noisy - noise) ** 2) / np.mean(noise**2))
    assert ratio == pytest.approx(decibels, abs=0.05)


def test_the_share_of_noisy_clips_is_kept() -> None:
    half = RecordingCondition(noisy_share=0.5, snr_db=(10, 0), telephone=False)
    noisy = sum(band_power(record(TONE, half, rng(seed)), 3000, 8000) > 1e-3 for seed in range(200))
    assert 70 < noisy < 130  # 100 +- 7.1


def test_the_telephone_passes_its_band_alone() -> None:
    noise = rng(1).normal(0, 0.1, 2 * RATE).astype(np.float32)
    heard = record(noise, RecordingCondition(noisy_share=0.0, snr_db=(20, 0), telephone=True), rng())
    inside = band_power(heard, 400, 3300)
    assert band_power(heard, 5000, 8000) < 1e-4 * inside
    assert band_power(heard, 0, 100) < 1e-4 * inside


@pytest.mark.parametrize(("slope", "octave_ratio"), [(0.0, 2.0), (1.0, 1.0)])
def test_white_doubles_with_the_octave_and_pink_stays(slope: float, octave_ratio: float) -> None:
    noise = coloured_noise(20 * RATE, slope, rng())
    ratio = band_power(noise, 2000, 4000) / band_power(noise, 1000, 2000)
    assert ratio == pytest.approx(octave_ratio, rel=0.05)
    assert np.mean(noise**2) == pytest.approx(1.0)


def test_peaks_stay_below_full_scale() -> None:
    loud = RecordingCondition(noisy_share=1.0, snr_db=(-30, 0), telephone=False)
    assert np.abs(record(TONE, loud, rng())).max() <= HIGHEST_PEAK + 1e-6


def test_silence_stays_silence() -> None:
    noisy = RecordingCondition(noisy_share=1.0, snr_db=(0, 0), telephone=False)
    assert not record(np.zeros(RATE, np.float32), noisy, rng()).any()
