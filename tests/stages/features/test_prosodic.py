"""Prosodic features measure planted pitch, slope of pitch, voicing, pauses, syllables and formants."""

import numpy as np
import pytest

from stages.core.sound.audio import RATE, Samples
from stages.features.family import Clip
from stages.features.prosodic import COLUMNS, count_syllables, measure


def prosodic(samples: Samples) -> dict[str, float]:
    return measure(Clip(samples.astype(np.float32), "", {}))


def buzz(hertz: np.ndarray) -> Samples:
    """Return a pulse-like voice whose pitch follows `hertz`, one value per sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return np.asarray(0.05 * sum(np.cos(harmonic * phase) for harmonic in range(1, 16)), np.float32)


@pytest.mark.parametrize("pitch", [90.0, 150.0, 300.0])
def test_a_steady_voice(pitch: float) -> None:
    values = prosodic(buzz(np.full(RATE, pitch)))
    assert values["f0_mean"] == pytest.approx(pitch, rel=0.01)
    assert values["f0_median"] == pytest.approx(pitch, rel=0.01)
    assert values["f0_std"] < 0.1
    assert values["jitter"] < 0.005
    assert values["shimmer"] < 0.02
    assert values["hnr_mean"] > 15
    assert (values["voiced"], values["measured"], values["pause_rate"]) == (1, 1, 0)
    assert values["voiced_share"] > 0.9


def test_a_rising_voice_has_its_slope() -> None:
    values = prosodic(buzz(100 * 2 ** (np.arange(2 * RATE) / RATE / 2)))  # half an octave per second
    assert values["f0_slope"] == pytest.approx(6, rel=0.05)
    assert values["f0_range"] == pytest.approx(0.9 * 12, rel=0.1)


def test_noise_is_rougher_than_a_voice() -> None:
    rng = np.random.default_rng(0)
    voice = buzz(np.full(RATE, 120.0))
    clean, rough = prosodic(voice), prosodic(voice + 0.05 * rng.standard_normal(RATE))
    assert rough["hnr_mean"] < clean["hnr_mean"] - 5
    assert rough["shimmer"] > clean["shimmer"]


def test_white_noise_and_silence_have_no_voice_but_values() -> None:
    for samples in (np.zeros(RATE), np.full(RATE, 0.3), 0.1 * np.random.default_rng(1).standard_normal(RATE)):
        values = prosodic(samples)
        assert values["measured"] == 1
        assert values["voiced_share"] < 0.05
    assert {name for name, value in prosodic(np.zeros(RATE)).items() if value} == {"measured"}


def test_under_a_tenth_of_a_second_nothing_is_measured() -> None:
    assert prosodic(buzz(np.full(RATE // 20, 100.0))) == dict.fromkeys(COLUMNS, 0.0)


def test_pauses_are_counted_and_timed() -> None:
    voice, pause = buzz(np.full(RATE // 2, 120.0)), np.zeros(RATE // 2)
    values = prosodic(np.concatenate([voice, pause, voice, pause, voice]))
    assert values["pause_rate"] == pytest.approx(2 / 2.5)
    assert values["pause_seconds"] == pytest.approx(0.5, abs=0.08)
    assert values["pause_share"] == pytest.approx(0.4, abs=0.06)
    assert values["voiced_stretch"] == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("rate", [2, 4, 6])
def test_syllables_are_peaks_of_intensity(rate: int) -> None:
    time = np.arange(2 * RATE) / RATE
    values = prosodic(buzz(np.full(2 * RATE, 120.0)) * (0.55 - 0.45 * np.cos(2 * np.pi * rate * time)))
    assert values["syllable_rate"] == pytest.approx(rate, abs=0.51)


@pytest.mark.parametrize(
    ("contour", "syllables"),
    [
        ([50.0, 50.0, 50.0], 0),
        ([50.0, 60.0, 50.0], 1),
        ([50.0, 60.0, 59.0, 60.0, 50.0], 1),
        ([50.0, 60.0, 55.0, 60.0, 50.0], 2),
        ([50.0, 60.0, 30.0, 34.0, 30.0], 1),
        ([60.0, 50.0], 0),
        ([60.0], 0),
    ],
)
def test_a_syllable_stands_above_its_dips(contour: list[float], syllables: int) -> None:
    assert count_syllables(np.array(contour)) == syllables


def test_formants_are_where_the_filter_puts_them() -> None:
    pulses = np.zeros(RATE)
    pulses[:: RATE // 100] = 1.0
    samples = pulses
    for hertz in (700.0, 1200.0, 2600.0, 3500.0, 4500.0):
        radius = np.exp(-np.pi * 80 / RATE)
        samples = _resonate(samples, 2 * radius * np.cos(2 * np.pi * hertz / RATE), -(radius**2))
    values = prosodic(0.5 * samples / np.abs(samples).max())
    found = [values[f"f{formant}_mean"] for formant in (1, 2, 3)]
    assert found == pytest.approx([700, 1200, 2600], rel=0.08)


def _resonate(samples: np.ndarray, first: float, second: float) -> np.ndarray:
    out = np.zeros_like(samples)
    for index, value in enumerate(samples):
        out[index] = value + first * out[index - 1] + second * out[index - 2]
    return out
