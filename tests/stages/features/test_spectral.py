"""Spectral features agree with librosa's definitions and with values derived by hand."""

import librosa
import numpy as np
import pytest

from stages.core.sound.audio import RATE, Samples
from stages.features.family import Clip
from stages.features.frames import FLOOR_DB, WINDOW, frame_levels, framed, power_spectra
from stages.features.spectral import EDGES, HOP, MEL_BANDS, measure, mel_bank

TIME = np.arange(RATE) / RATE


def spectral(samples: Samples) -> dict[str, float]:
    return measure(Clip(samples.astype(np.float32), "", {}))


@pytest.fixture(scope="module")
def noise() -> Samples:
    white = np.random.default_rng(1).standard_normal(RATE)
    return (0.05 * np.convolve(white, [1, 0.9, 0.5], "same") * (1 + np.sin(2 * np.pi * 3 * TIME))).astype(np.float32)


def test_a_full_scale_sine_has_the_power_one() -> None:
    sine = np.sin(2 * np.pi * 1000 * TIME).astype(np.float32)  # bin 32 of 31.25 Hz each
    power = power_spectra(framed(sine, WINDOW, HOP))
    assert power[:, 32] == pytest.approx(1.0, rel=1e-3)
    assert frame_levels(sine) == pytest.approx(10 * np.log10(0.5), abs=0.01)
    assert frame_levels(0 * sine).max() == FLOOR_DB


def test_frames_overlap_and_short_sound_is_padded() -> None:
    assert framed(np.arange(5, dtype=np.float32), 3, 2).tolist() == [[0, 1, 2], [2, 3, 4]]
    assert framed(np.ones(2, np.float32), 4, 2).tolist() == [[1, 1, 0, 0]]


def test_the_mel_bank_is_librosas() -> None:
    expected = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=MEL_BANDS, htk=True, norm=None)
    assert np.abs(mel_bank(MEL_BANDS) - expected.T).max() < 1e-5


def test_shapes_and_cepstra_agree_with_librosa(noise: Samples) -> None:
    ours = spectral(noise)
    window = np.hanning(WINDOW + 1)[:-1]
    magnitude = np.abs(librosa.stft(noise, n_fft=WINDOW, hop_length=HOP, window=window, center=False))
    magnitude *= 2 / window.sum()
    settings = {"S": magnitude, "sr": RATE}
    theirs = {
        "centroid": librosa.feature.spectral_centroid(**settings),
        "bandwidth": librosa.feature.spectral_bandwidth(**settings),
        "rolloff": librosa.feature.spectral_rolloff(**settings),
        "flatness": librosa.feature.spectral_flatness(S=magnitude, amin=1e-12),
    }
    for name, track in theirs.items():
        assert ours[f"{name}_mean"] == pytest.approx(track.mean(), rel=1e-3), name
        assert ours[f"{name}_std"] == pytest.approx(track.std(), rel=1e-3), name
    mel = librosa.power_to_db(mel_bank(MEL_BANDS).T @ magnitude**2, amin=1e-12, top_db=None)
    cepstra = librosa.feature.mfcc(S=mel, n_mfcc=16)
    assert [ours[f"mfcc{index}_mean"] for index in range(16)] == pytest.approx(cepstra.mean(axis=1), abs=1e-2)
    assert [ours[f"mfcc{index}_std"] for index in range(16)] == pytest.approx(cepstra.std(axis=1), abs=1e-2)


def test_a_tone_is_where_it_is() -> None:
    values = spectral(0.5 * np.sin(2 * np.pi * 2000 * TIME))
    assert values["centroid_mean"] == pytest.approx(2000, abs=2)
    assert values["rolloff_mean"] == pytest.approx(2000, abs=32)
    assert values["zero_crossings_mean"] == pytest.approx(2 * 2000 / RATE, rel=0.01)
    assert values["flatness_mean"] < 1e-3
    bands = [values[f"contrast{band}_mean"] for band in range(len(EDGES) - 1)]
    assert np.argmax(bands) == 4  # 1600 to 3200 Hz


def test_loudness_moves_only_the_overall_level(noise: Samples) -> None:
    soft, loud = spectral(noise), spectral(2 * noise)
    moved = {name for name in soft if abs(soft[name] - loud[name]) > 1e-2}
    assert moved == {"mfcc0_mean"}
    # Every band is 6.02 dB up; the orthonormal transform gathers them as the root of their number.
    assert loud["mfcc0_mean"] - soft["mfcc0_mean"] == pytest.approx(6.0206 * np.sqrt(MEL_BANDS), rel=1e-3)


def test_silence_stands_at_the_floor() -> None:
    values = spectral(np.zeros(RATE))
    assert values["mfcc0_mean"] == pytest.approx(FLOOR_DB * np.sqrt(MEL_BANDS), rel=1e-4)
    assert values["flatness_mean"] == pytest.approx(1.0)
    assert values["modulation0"] == pytest.approx(-60)
    others = {name for name, value in values.items() if abs(value) > 1e-2 and not name.startswith("modulation")}
    assert others == {"mfcc0_mean", "flatness_mean"}


def test_one_frame_has_no_deviation() -> None:
    values = spectral(0.1 * np.ones(10))
    assert max(abs(value) for name, value in values.items() if name.endswith("_std")) == 0.0


@pytest.mark.parametrize(("hertz", "octave"), [(0.7, 0), (3.0, 2), (6.0, 3), (12.0, 4)])
def test_modulation_is_found_in_its_octave(hertz: float, octave: int) -> None:
    time = np.arange(4 * RATE) / RATE
    decibels = 10 * np.sin(2 * np.pi * hertz * time)  # a level that swings by 10 dB
    values = spectral(0.1 * np.sin(2 * np.pi * 500 * time) * 10 ** (decibels / 20))
    found = [values[f"modulation{number}"] for number in range(6)]
    assert np.argmax(found) == octave
    assert found[octave] > -1


def test_steady_noise_hides_the_changes_of_speech() -> None:
    time = np.arange(2 * RATE) / RATE
    bursts = np.random.default_rng(0).standard_normal(2 * RATE) * (np.sin(2 * np.pi * 4 * time) > 0)
    quiet = spectral(0.1 * bursts + 1e-4 * np.random.default_rng(1).standard_normal(2 * RATE))
    noisy = spectral(0.1 * bursts + 3e-2 * np.random.default_rng(1).standard_normal(2 * RATE))
    assert all(quiet[f"average_spectrum{band}_change"] > noisy[f"average_spectrum{band}_change"] for band in range(24))
