"""The effect of each audio perturbation, measured on its output."""

import numpy as np
import pytest

from stages.core.sound.audio import RATE, Samples, decode_flac, encode_flac
from stages.neighbours.perturbations import gain, noise, zero_segments


def rng(index: int = 0) -> np.random.Generator:
    return np.random.default_rng(index)


@pytest.fixture
def tone() -> Samples:
    return (0.1 * np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("decibels", [-9.0, 0.0, 6.0])
def test_gain_is_what_the_recipe_says(tone: Samples, decibels: float) -> None:
    louder, recipe = gain.gain(tone, rng(), decibels=[decibels, decibels])
    assert recipe == {"drawn_decibels": decibels, "decibels": decibels, "limited": False}
    assert 20 * np.log10(np.abs(louder).max() / np.abs(tone).max()) == pytest.approx(decibels, abs=1e-3)


def test_gain_stops_before_it_would_clip(tone: Samples) -> None:
    louder, recipe = gain.gain(tone, rng(), decibels=[30.0, 30.0])
    assert recipe["limited"]
    assert recipe["decibels"] == pytest.approx(20, abs=0.01)  # from 0.1 to full scale
    assert np.abs(louder).max() == pytest.approx(32767 / 32768, abs=1e-5)


def test_gain_leaves_silence_and_what_is_full_alone() -> None:
    silent, recipe = gain.gain(np.zeros(9, np.float32), rng(), decibels=[6.0, 6.0])
    assert not silent.any()
    assert recipe["decibels"] == 6.0
    full = np.array([-1.0, 0.5], np.float32)
    same, recipe = gain.gain(full, rng(), decibels=[6.0, 6.0])
    assert np.array_equal(same, full)
    assert recipe == {"drawn_decibels": 6.0, "decibels": 0.0, "limited": True}


@pytest.mark.parametrize("ratio", [0.0, 15.0, 25.0])
@pytest.mark.parametrize("level", [0.05, 0.9])
def test_noise_has_the_asked_ratio_even_after_coding(level: float, ratio: float, tone: Samples) -> None:
    clip = decode_flac(encode_flac(tone / 0.1 * level))
    noisy, recipe = noise.noise(clip, rng(), snr_db=[ratio, ratio])
    assert recipe["snr_db"] == ratio
    added = decode_flac(encode_flac(noisy)) / recipe["scale"] - clip
    assert 10 * np.log10(np.mean(clip**2) / np.mean(added**2)) == pytest.approx(ratio, abs=0.1)
    assert np.abs(noisy).max() <= 32767 / 32768 + 1e-6


def test_noise_records_the_scale_that_it_applied() -> None:
    clip = np.array([0.9, -0.9, 0.9, -0.9], np.float32)
    noisy, recipe = noise.noise(clip, rng(), snr_db=[0.0, 0.0])
    drawn = rng()
    drawn.uniform(0.0, 0.0)
    added = drawn.standard_normal(4)
    mixed = clip + added * np.sqrt(0.9**2 / np.mean(added**2))  # at 0 dB the noise is as strong as the clip
    assert recipe["scale"] < 1
    assert np.allclose(noisy, mixed * recipe["scale"], rtol=1e-7, atol=0)
    assert abs(recipe["scale"] - 32767 / 32768 / np.abs(mixed).max()) < 1e-6


def test_noise_is_white(tone: Samples) -> None:
    noisy, _ = noise.noise(tone, rng(), snr_db=[20.0, 20.0])
    power = np.abs(np.fft.rfft(noisy - tone)) ** 2
    quarters = [part.mean() for part in np.array_split(power, 4)]
    assert max(quarters) / min(quarters) < 1.1


def test_silence_has_no_ratio() -> None:
    same, recipe = noise.noise(np.zeros(9, np.float32), rng(), snr_db=[20.0, 20.0])
    assert not same.any()
    assert recipe == {"snr_db": None, "scale": 1.0}


def test_segments_are_zero_and_the_rest_is_not(tone: Samples) -> None:
    tone = tone + np.float32(0.5)  # no zero of its own
    for index in range(30):
        changed, recipe = zero_segments.zero_segments(tone, rng(index), segments=[1, 3], seconds=[0.05, 0.25])
        silent = np.zeros(len(tone), bool)
        for start, length in recipe["segments"]:
            assert 0.05 * RATE - 1 <= length <= 0.25 * RATE
            silent[start : start + length] = True
        assert 1 <= len(recipe["segments"]) <= 3
        assert np.array_equal(changed == 0, silent)
        assert np.array_equal(changed[~silent], tone[~silent])


@pytest.mark.parametrize("samples", [1, 3, 800, 2400])
def test_short_clips_lose_a_quarter_at_most_per_segment(samples: int) -> None:
    changed, recipe = zero_segments.zero_segments(
        np.ones(samples, np.float32), rng(), segments=[3, 3], seconds=[0.05, 0.25]
    )
    assert all(length <= samples / 4 for _, length in recipe["segments"])
    assert changed.any()


def test_segments_can_lie_at_either_end() -> None:
    starts, ends = set(), set()
    for index in range(300):
        _, recipe = zero_segments.zero_segments(np.ones(8, np.float32), rng(index), segments=[1, 1], seconds=[1.0, 1.0])
        start, length = recipe["segments"][0]
        starts.add(start)
        ends.add(start + length)
    assert (min(starts), max(ends)) == (0, 8)
