"""Source evidence: each measure finds a planted change of a recording, and little in an unchanged one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stages.core.schemas.corpus import SOURCE
from stages.core.sound.audio import Samples
from stages.corpus.source import (
    FLOOR_DB,
    clipped_share,
    cut_off,
    effective_bits,
    frame_powers,
    long_term_spectrum,
    measure_source,
    noise_floor,
    part_levels,
    quiet_levels,
)


def mono(values: object) -> Samples:
    return np.asarray(values, np.float32).reshape(-1, 1)


def quantised(samples: Samples, bits: int) -> Samples:
    step = np.float32(2.0 ** (1 - bits))
    return np.round(samples / step).astype(np.float32) * step


def noise(rate: int, seconds: float = 1.0, cut: float | None = None) -> Samples:
    """White noise, with nothing above `cut` Hz, in 16 bits."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(int(rate * seconds)))
    if cut:
        spectrum[int(cut * seconds) :] = 0
    return quantised(mono(0.05 * np.fft.irfft(spectrum, int(rate * seconds))), 16)


def spectrum(samples: Samples, rate: int) -> np.ndarray:
    return long_term_spectrum(frame_powers(samples, rate))


@pytest.mark.parametrize("bits", [8, 12, 16, 20])
def test_bits_are_those_in_use(bits: int) -> None:
    samples = quantised(mono(np.random.default_rng(0).uniform(-0.9, 0.9, 1000)), bits)
    assert effective_bits(samples) == bits
    assert effective_bits(np.zeros((10, 1), np.float32)) == 0
    assert effective_bits(mono([2.0 ** (1 - bits), 0.5])) == bits
    assert effective_bits(mono([-1.0])) == 1


@pytest.mark.parametrize(("rate", "cut"), [(44_100, 12_000), (44_100, 16_000), (16_000, 3_400), (48_000, 20_000)])
def test_a_cut_is_found_and_is_steep(rate: int, cut: int) -> None:
    measured = measure_source(noise(rate, cut=cut), rate, "WAV", "PCM_16")
    assert 0 <= measured["bandwidth"] - cut < 10 * rate / (2048 if rate > 24_000 else 1024)  # the window leaks
    assert measured["codec_trace"] > 30


def test_a_cut_empties_the_parts_above_it_however_faint_they_were() -> None:
    loud = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)
    parts = {
        cut: np.array(part_levels(spectrum(mono(loud) + 0.01 * noise(44_100, cut=cut), 44_100)))
        for cut in (12_000, None)
    }
    fall = parts[None] - parts[12_000]  # parts of 2.76 kHz: 12 kHz lies in the fifth, number 4
    assert np.abs(fall[:4]).max() < 0.5 < 3 < fall[4] < fall[5:].min()
    assert part_levels(spectrum(mono(np.zeros(100)), 16_000)) == [FLOOR_DB] * 8


def test_what_fills_its_band_has_no_trace() -> None:
    measured = measure_source(noise(44_100), 44_100, "WAV", "PCM_16")
    assert measured["bandwidth"] == pytest.approx(22_050, rel=0.01)
    assert measured["codec_trace"] == 0.0


def test_a_spectrum_that_fades_is_not_steep() -> None:
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(44_100))
    fading = spectrum * 10 ** (-np.arange(len(spectrum)) / 22_050 * 120 / 20)  # 120 dB over the band
    measured = measure_source(quantised(mono(2 * np.fft.irfft(fading)), 16), 44_100, "WAV", "PCM_16")
    assert 8_000 < measured["bandwidth"] < 20_000
    assert measured["codec_trace"] < 8


@pytest.mark.parametrize("gain", [1.0, 8.0])
def test_the_last_cut_is_found_however_loud_the_rest_is(gain: float) -> None:
    low = gain * noise(44_100, cut=6000)
    assert cut_off(spectrum(low + 0.01 * noise(44_100), 44_100), 44_100) == pytest.approx(6000, abs=150)
    assert cut_off(spectrum(low + 0.01 * noise(44_100, cut=19_000), 44_100), 44_100) == pytest.approx(19_000, abs=150)


def test_what_fills_its_band_or_is_silent_or_narrow_has_no_cut() -> None:
    for samples, rate in ((noise(44_100), 44_100), (mono(np.zeros(50)), 16_000), (noise(4000), 4000)):
        assert cut_off(spectrum(samples, rate), rate) == 0.0


def test_quiet_levels_are_those_of_the_quiet_frames() -> None:
    samples = noise(44_100, seconds=2.0)
    samples[:44_100] = quantised(0.1 * samples[:44_100], 16)
    everywhere, quiet = part_levels(spectrum(samples, 44_100)), quiet_levels(frame_powers(samples, 44_100))
    # Half of the frames are 20 dB down, so that the mean power is 3 dB below that of the loud ones.
    assert np.array(everywhere) - quiet == pytest.approx(17, abs=4)
    assert quiet_levels(frame_powers(mono(np.zeros(10)), 8000)) == [FLOOR_DB] * 8


def test_long_sound_is_measured_in_frames_spread_over_it() -> None:
    power = frame_powers(np.concatenate([noise(8000, seconds=150.0), noise(8000, seconds=150.0) * 2]), 8000)
    assert power.shape == (2048, 513)
    assert power[1024:].mean() == pytest.approx(4 * power[:1024].mean(), rel=0.05)


def test_clipping_is_what_stays_at_the_extreme() -> None:
    sine = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert clipped_share(mono(0.9 * sine)) == 0.0
    # |sin| > 0.5 for two thirds of the time.
    assert clipped_share(mono(np.clip(sine, -0.5, 0.5))) == pytest.approx(2 / 3, abs=0.02)
    assert clipped_share(mono([0.5, 0.5, 0.5, 0.1])) == 0.75
    assert clipped_share(mono([0.5, 0.5, 0.1, 0.5])) == 0.0
    assert clipped_share(mono(np.zeros(50))) == 0.0
    assert clipped_share(mono([1.0, 1.0])) == 0.0


def test_the_noise_floor_is_the_quietest_frames_level() -> None:
    samples = mono(np.full(16_000, 0.5))
    samples[4000:8000] = 0.01
    assert noise_floor(samples, 16_000) == pytest.approx(-40, abs=0.01)
    assert noise_floor(mono(np.zeros(16_000)), 16_000) == FLOOR_DB


def test_peak_dc_rate_and_channels() -> None:
    stereo = np.column_stack([np.full(1000, 0.25), np.full(1000, -0.75)]).astype(np.float32)
    measured = measure_source(stereo, 22_050, "FLAC", "PCM_24")
    assert (measured["peak"], measured["dc"], measured["rate"], measured["channels"]) == (0.75, -0.25, 22_050, 2)
    assert (measured["format"], measured["subtype"]) == ("FLAC", "PCM_24")


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 300), st.integers(1, 2)), elements=st.floats(-2, 2, width=32)),
    st.sampled_from([8_000, 16_000, 44_100]),
)
def test_every_sound_has_finite_measures(samples: Samples, rate: int) -> None:
    measured = measure_source(samples, rate, "WAV", "FLOAT")
    assert set(measured) == {field.name for field in SOURCE}
    numbers = [value for value in measured.values() if not isinstance(value, str)]
    assert np.isfinite(np.hstack(numbers)).all()
    assert 0 <= measured["bandwidth"] <= rate / 2
    assert 0 <= measured["clipped_share"] <= 1
