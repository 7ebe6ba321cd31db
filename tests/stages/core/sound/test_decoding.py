"""Recordings give their whole sound, or a reason that is true."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from stages.core.sound.audio import RATE, decode_flac, encode_flac
from stages.core.sound.decoding import Decoded, Undecodable, decode_recording, sound_of
from stages.core.sound.recordings import Recording

TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)


def two(left: np.ndarray, right: np.ndarray) -> Decoded:
    return Decoded(np.column_stack([left, right]).astype(np.float32), RATE, "WAV", "PCM_16", 2)


def test_the_sound_has_the_values_that_flac_gives_back() -> None:
    rng = np.random.default_rng(1)
    noise = Decoded(rng.standard_normal((4410, 1)).astype(np.float32), 44_100, "WAV", "FLOAT", 1)
    sound = sound_of(noise, "mix")
    assert np.array_equal(sound, decode_flac(encode_flac(sound)))
    assert sound.dtype == np.float32


def test_a_segment_is_cut_to_the_frame(tmp_path: Path) -> None:
    ramp = np.arange(8000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", ramp, 8000)
    cut = decode_recording(tmp_path, Recording("a.wav", start=0.25, end=0.5))
    assert np.array_equal(np.round(cut.samples[:, 0] * 32768), ramp[2000:4000])


def test_a_segment_after_the_end_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", TONE, RATE)
    with pytest.raises(Undecodable, match=r"0\.500 s to 1\.100 s, ends after the recording, which lasts 1\.000 s"):
        decode_recording(tmp_path, Recording("a.wav", start=0.5, end=1.1))


def test_channels_that_cancel_are_named() -> None:
    with pytest.raises(Undecodable, match=r"cancel each other .* corpora\.X\.channel to 'first'"):
        sound_of(two(TONE, -TONE), "mix")
    assert np.abs(sound_of(two(TONE, -TONE), "first") - TONE).max() < 1e-4
    assert np.abs(sound_of(two(0.1 * TONE, -TONE), "loudest") + TONE).max() < 1e-4


def test_two_voices_in_two_channels_are_mixed() -> None:
    rng = np.random.default_rng(1)
    left, right = 0.1 * rng.standard_normal((2, RATE))
    assert np.abs(sound_of(two(left, right), "mix") - (left + right) / 2).max() < 1e-4
