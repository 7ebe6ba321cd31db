"""Each audio perturbation does what its name says, measured on real recordings and on synthetic signals."""

from pathlib import Path
from typing import Any

import numpy as np
import parselmouth
import pytest
from scipy.signal import lfilter

from stages.core.sound.audio import RATE, Samples, decode, decode_flac, encode_flac, to_pipeline
from stages.core.sound.levels import CEILING, within_range
from stages.neighbours.perturbations import (
    clipping,
    formants,
    g711,
    lossy,
    low_pass,
    noise,
    pitch,
    polarity,
    reverberation,
    spectral_inversion,
    speed,
    telephone_band,
    time_reversal,
)

RECORDINGS = ("librispeech_testother", "emodb", "commonvoice_en", "fsdd")


@pytest.fixture(scope="module")
def recordings(speech: Path) -> list[Samples]:
    """A few real clips of several collections, six seconds at most."""
    clips = []
    for folder in RECORDINGS:
        for file in sorted((speech / folder / "audio").glob("*"))[:60:20]:
            samples, rate, _ = decode(file)
            clips.append(to_pipeline(samples, rate)[: 6 * RATE])
    assert clips
    return clips


def rng(index: int = 0) -> np.random.Generator:
    return np.random.default_rng(index)


def stored(samples: Samples) -> Samples:
    """What comes out of the artifact: 16 bits."""
    return decode_flac(encode_flac(samples))


def tone(hertz: float, seconds: float = 2.0) -> Samples:
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def loudest(samples: Samples) -> float:
    """Frequency of the highest peak, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**20))
    return float(np.argmax(spectrum)) * RATE / 2**20


def f0(samples: Samples) -> np.ndarray:
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    track: np.ndarray = sound.to_pitch_ac(time_step=0.01, pitch_floor=60, pitch_ceiling=650).selected_array["frequency"]
    return track


def cents_moved(before: Samples, after: Samples) -> float:
    """Median over frames that are voiced in both; NaN where there are hardly any."""
    old, new = f0(before), f0(after)
    size = min(len(old), len(new))
    voiced = (old[:size] > 0) & (new[:size] > 0)
    return float(np.median(1200 * np.log2(new[:size][voiced] / old[:size][voiced]))) if voiced.sum() > 20 else np.nan


def white(seconds: float = 8.0) -> Samples:
    return (0.05 * rng().standard_normal(int(seconds * RATE))).astype(np.float32)


def edges(before: Samples, after: Samples, low: float, high: float) -> tuple[float, float]:
    """Where the power spectrum is down by 3 dB, below and above the middle of the band."""
    size = 2048
    frames = [
        np.mean(
            [
                np.abs(np.fft.rfft(part * np.hanning(size))) ** 2
                for part in np.array_split(x, range(size, len(x), size))[:-1]
            ],
            0,
        )
        for x in (before, after)
    ]
    gain = frames[1] / frames[0]
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    inside = np.flatnonzero(gain > 0.5)
    assert np.median(gain[(frequency > 1.2 * low) & (frequency < 0.8 * high)]) == pytest.approx(1.0, abs=0.02)
    return float(frequency[inside[0]]), float(frequency[inside[-1]])


@pytest.mark.parametrize("ratio", [0.0, 15.0, 20.0, 25.0])
def test_noise_has_the_asked_ratio_on_real_recordings(recordings: list[Samples], ratio: float) -> None:
    for clip in recordings:
        noisy, recipe = noise.noise(clip, rng(), snr_db=[ratio, ratio])
        added = stored(noisy) / recipe["scale"] - clip
        measured = 10 * np.log10(np.mean(np.square(clip, dtype=float)) / np.mean(np.square(added, dtype=float)))
        assert measured == pytest.approx(ratio, abs=0.1)


@pytest.mark.parametrize("hertz", [110, 440, 1000, 2500])
@pytest.mark.parametrize("semitones", [-4.0, -0.5, 3.0])
def test_pitch_moves_tones(hertz: float, semitones: float) -> None:
    moved, recipe = pitch.pitch(tone(hertz), rng(), semitones=[semitones, semitones])
    assert recipe["semitones"] == semitones
    assert 1200 * np.log2(loudest(moved[4000:-4000]) / hertz) == pytest.approx(100 * semitones, abs=1)


@pytest.mark.parametrize("semitones", [-4.0, -2.0, 2.0, 4.0])
def test_pitch_moves_voices_and_keeps_their_duration(recordings: list[Samples], semitones: float) -> None:
    measured = []
    for clip in recordings:
        moved, _ = pitch.pitch(clip, rng(), semitones=[semitones, semitones])
        assert len(moved) == len(clip)
        measured.append(cents_moved(clip, moved) - 100 * semitones)
    known = np.array(measured)[np.isfinite(measured)]
    assert len(known) >= 6
    assert np.abs(known).max() < 10


@pytest.mark.parametrize("factor", [0.8, 0.95, 1.07, 1.25])
def test_speed_changes_duration_and_frequency(recordings: list[Samples], factor: float) -> None:
    for clip in recordings:
        played, recipe = speed.speed(clip, rng(), factor=[factor, factor])
        assert recipe["factor"] == factor
        assert len(clip) / len(played) == pytest.approx(factor, rel=0.005)
    played, _ = speed.speed(tone(500), rng(), factor=[factor, factor])
    assert loudest(played) / 500 == pytest.approx(factor, rel=0.005)


@pytest.mark.parametrize("factor", [0.88, 1.15])
def test_formants_move_and_pitch_and_duration_stay(recordings: list[Samples], factor: float) -> None:
    cents = []
    for clip in recordings:
        moved, _ = formants.formants(clip, rng(), factor=[factor, factor])
        assert len(moved) == len(clip)
        cents.append(cents_moved(clip, moved))
    print(np.round(cents, 1))
    assert np.nanmax(np.abs(cents)) < 15
    moved, recipe = formants.formants(vowel(), rng(), factor=[factor, factor])
    assert recipe["factor"] == factor
    assert cents_moved(vowel(), moved) == pytest.approx(0, abs=10)
    before, after = (resonances(part) for part in (vowel(), moved))
    assert [new / old for old, new in zip(before, after, strict=True)] == pytest.approx([factor] * 2, rel=0.04)


def vowel() -> Samples:
    """A buzz of 110 Hz through resonances at 700, 1,300 and 2,600 Hz."""
    pulses = np.zeros(2 * RATE)
    pulses[:: RATE // 110] = 1.0
    sound = pulses
    for hertz in (700, 1300, 2600):
        pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * hertz / RATE)
        sound = lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def resonances(samples: Samples) -> list[float]:
    track = parselmouth.Sound(samples.astype(np.float64), RATE).to_formant_burg(
        maximum_formant=4500, max_number_of_formants=4
    )
    times = np.arange(0.3, 1.7, 0.02)
    return [float(np.nanmedian([track.get_value_at_time(number, time) for time in times])) for number in (1, 2)]


@pytest.mark.parametrize("hertz", [1000.0, 2400.0, 3900.0])
def test_low_pass_ends_at_its_edge(hertz: float) -> None:
    clip = white()
    changed, recipe = low_pass.low_pass(clip, rng(), hertz=[hertz, hertz])
    assert recipe["hertz"] == hertz
    assert edges(clip, changed, 0, hertz)[1] == pytest.approx(hertz, rel=0.03)


@pytest.mark.parametrize(("low", "high"), [(300.0, 3400.0), (280.0, 3300.0)])
def test_telephone_band_begins_and_ends_at_its_edges(low: float, high: float) -> None:
    clip = white(30.0)
    changed, _ = telephone_band.telephone_band(clip, rng(), low_hertz=[low, low], high_hertz=[high, high])
    assert edges(clip, changed, low, high) == pytest.approx((low, high), rel=0.03)


@pytest.mark.parametrize(
    ("send", "settings", "correlation"),
    [
        (g711.g711, {"law": "ulaw"}, 0.98),
        (g711.g711, {"law": "alaw"}, 0.98),
        (lossy.opus, {"compression": [0.8, 0.8]}, 0.98),
        (lossy.mp3, {"compression": [0.5, 0.5]}, 0.98),
    ],
)
def test_codecs_lose_little_and_delay_nothing(
    recordings: list[Samples], send: Any, settings: dict[str, Any], correlation: float
) -> None:
    for clip in recordings:
        heard, _ = send(clip, rng(), **settings)
        assert len(heard) == len(clip)
        assert not np.array_equal(heard, clip)
        # Up to 3.4 kHz, which all of them carry.
        spoken, carried = (low_pass.low_pass(part, rng(), hertz=[3400, 3400])[0] for part in (clip, heard))
        lags = [np.corrcoef(np.roll(carried, lag), spoken)[0, 1] for lag in range(-8, 9)]
        assert abs(int(np.argmax(lags)) - 8) <= 1
        assert max(lags) > correlation


def test_more_compression_loses_more(recordings: list[Samples]) -> None:
    for send in (lossy.opus, lossy.mp3):
        errors = [
            np.mean([np.mean((send(clip, rng(), compression=[c, c])[0] - clip) ** 2) for clip in recordings])
            for c in (0.0, 0.95)
        ]
        assert errors[0] < errors[1]


def test_g711_has_nothing_above_4_khz() -> None:
    spectrum = np.abs(np.fft.rfft(g711.g711(white(), rng(), law="ulaw")[0])) ** 2
    half = len(spectrum) // 2
    assert spectrum[int(1.02 * half) :].mean() < 1e-4 * spectrum[:half].mean()


@pytest.mark.parametrize(("seconds", "direct"), [(0.2, 10.0), (0.5, 0.0), (1.0, 5.0)])
def test_reverberation_dies_away_as_asked(seconds: float, direct: float) -> None:
    click = np.zeros(2 * RATE, np.float32)
    click[0] = 0.5
    heard, recipe = reverberation.reverberation(click, rng(), seconds=[seconds, seconds], direct_db=[direct, direct])
    tail = heard[1:].astype(np.float64) / 0.5 / recipe["scale"]
    assert heard[0] == pytest.approx(0.5 * recipe["scale"], abs=1e-6)
    assert -10 * np.log10(tail @ tail) == pytest.approx(direct, abs=0.1)
    left = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / (tail @ tail))  # Schroeder's integral
    fit = np.flatnonzero((left < -5) & (left > -25))
    slope = np.polyfit(fit / RATE, left[fit], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize("share", [0.005, 0.05])
def test_clipping_cuts_the_share_that_it_says(recordings: list[Samples], share: float) -> None:
    for clip in recordings:
        cut, recipe = clipping.clipping(clip, rng(), share=[share, share])
        at_limit = np.abs(cut) >= np.float32(recipe["limit"])
        assert share <= at_limit.mean() < share + 0.02
        assert np.array_equal(cut[~at_limit], clip[~at_limit])


def test_exact_ones(recordings: list[Samples]) -> None:
    for clip in recordings:
        assert np.abs(polarity.polarity(clip, rng())[0] + clip).max() <= 2**-15
        assert np.array_equal(time_reversal.time_reversal(clip, rng())[0][::-1], clip)
        twice = spectral_inversion.spectral_inversion(spectral_inversion.spectral_inversion(clip, rng())[0], rng())[0]
        assert np.abs(twice - clip).max() <= 2**-15
    assert loudest(spectral_inversion.spectral_inversion(tone(1000), rng())[0]) == pytest.approx(7000, abs=1)


def test_what_would_clip_is_turned_down() -> None:
    loud, scale = within_range(np.array([0.5, -2.0]))
    assert scale == pytest.approx(0.5, abs=1e-4)
    assert np.abs(loud).max() <= CEILING
    assert loud[0] == pytest.approx(0.5 * scale)
    assert within_range(np.array([0.5, -0.9]))[1] == 1.0
