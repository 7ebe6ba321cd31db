"""Decoding, encoding, and the name of a sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stages.core.sound.audio import RATE, audio_hash, decode, decode_flac, encode_flac, to_pcm16, to_pipeline

sounds = arrays.arrays(np.float32, st.integers(1, 400), elements=st.floats(-1, 1, width=32))


@given(sounds)
def test_flac_keeps_what_16_bits_hold(samples: np.ndarray) -> None:
    again = decode_flac(encode_flac(samples))
    assert len(again) == len(samples)
    assert np.abs(again - samples).max() <= 1 / 32768  # half a step, or a whole one at +1, which 16 bits lack
    assert np.array_equal(decode_flac(encode_flac(again)), again)


@given(sounds)
def test_the_hash_names_the_sound_whatever_it_went_through(samples: np.ndarray) -> None:
    assert audio_hash(decode_flac(encode_flac(samples))) == audio_hash(samples)


def test_the_hash_tells_sounds_apart_by_one_step() -> None:
    samples = np.zeros(100, np.float32)
    changed = samples.copy()
    changed[50] = 1 / 32768
    assert audio_hash(samples) != audio_hash(changed)
    assert audio_hash(samples) != audio_hash(samples[:-1])


def test_pcm16_is_rounded_and_clipped() -> None:
    samples = np.array([-2.0, -1.0, -0.4 / 32768, 0.6 / 32768, 0.5, 1.0, 2.0], np.float32)
    assert to_pcm16(samples).tolist() == [-32768, -32768, 0, 1, 16384, 32767, 32767]


def test_mixing_is_the_mean_of_the_channels() -> None:
    stereo = np.array([[0.5, -0.5], [1.0, 0.0]], np.float32)
    assert to_pipeline(stereo, RATE).tolist() == [0.0, 0.5]


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_length_and_pitch(rate: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    samples = to_pipeline(tone[:, None], rate)
    assert abs(len(samples) - RATE) <= 1
    assert np.argmax(np.abs(np.fft.rfft(samples[:RATE], RATE))) == 1000
    assert np.sqrt(np.mean(samples[1000:-1000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


def test_decode_leaves_rate_and_channels_alone(tmp_path: Path) -> None:
    stereo = np.linspace(-0.5, 0.5, 200, dtype=np.float32).reshape(-1, 2)
    soundfile.write(tmp_path / "stereo.wav", stereo, 44_100, subtype="FLOAT")
    samples, rate, info = decode(tmp_path / "stereo.wav")
    assert np.array_equal(samples, stereo)
    assert (rate, info.format, info.subtype, info.channels) == (44_100, "WAV", "FLOAT", 2)
    assert np.array_equal(decode((tmp_path / "stereo.wav").read_bytes())[0], stereo)


def test_what_is_not_sound_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not sound")
    with pytest.raises(soundfile.LibsndfileError):
        decode(tmp_path / "a.wav")
