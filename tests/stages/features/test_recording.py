"""Recording features find levels, silences, noise, reverberation, and pass on what ingest measured."""

from typing import Any

import numpy as np
import pytest

from stages.core.schemas.corpus import SPECTRUM_PARTS
from stages.core.sound.audio import RATE, Samples
from stages.corpus.source import measure_source
from stages.features.family import Clip
from stages.features.frames import FLOOR_DB
from stages.features.recording import PARTS, decay, measure

RNG = np.random.default_rng(3)


def recording(samples: Samples, **source: Any) -> dict[str, float]:
    samples = samples.astype(np.float32)
    return measure(Clip(samples, "", measure_source(samples[:, None], RATE, "WAV", "PCM_16") | source))


def test_the_source_is_passed_on() -> None:
    file = {"rate": 44_100, "channels": 2, "bits": 8, "bandwidth": 11_025.0, "subtype": "VORBIS", "format": "OGG"}
    values = recording(0.1 * RNG.standard_normal(RATE), **file, peak=0.5, clipped_share=0.01)
    assert (values["rate"], values["channels"], values["bits"], values["bandwidth_share"]) == (44_100, 2, 8, 0.5)
    assert (values["lossy"], values["companded"], values["floating"]) == (1, 0, 0)
    assert (values["is_ogg"], values["is_wav"], values["is_flac"], values["is_mp3"]) == (1, 0, 0, 0)
    assert values["peak"] == pytest.approx(-6.02, abs=0.01)
    assert values["clipped"] == pytest.approx(-2, abs=1e-3)


def test_the_files_own_spectrum_is_passed_on() -> None:
    assert PARTS == SPECTRUM_PARTS
    levels = [float(-part) for part in range(PARTS)]
    values = recording(0.1 * RNG.standard_normal(RATE), spectrum=levels, quiet_spectrum=levels[::-1], cut_off=12_000.0)
    assert values["cut_off"] == 12_000
    assert [values[f"quiet_part{part}"] for part in range(PARTS)] == [-7, -6, -5, -4, -3, -2, -1, 0]
    assert [values[f"part{part}"] for part in range(PARTS)] == [0, -1, -2, -3, -4, -5, -6, -7]


SUBTYPES = [("MPEG_LAYER_III", "lossy"), ("ULAW", "companded"), ("ALAW", "companded"), ("FLOAT", "floating")]


@pytest.mark.parametrize(("subtype", "column"), SUBTYPES)
def test_subtypes_are_told_apart(subtype: str, column: str) -> None:
    values = recording(np.ones(RATE) * 0.1, subtype=subtype)
    assert {name for name in ("lossy", "companded", "floating") if values[name]} == {column}


def test_silence_at_both_ends_is_timed() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    values = recording(np.concatenate([np.zeros(RATE // 2), tone, np.zeros(RATE // 4)]))
    assert values["leading_silence"] == pytest.approx(0.5, abs=0.021)
    assert values["trailing_silence"] == pytest.approx(0.25, abs=0.021)
    assert values["silence_share"] == pytest.approx(3 / 7, abs=0.02)
    assert values["digital_silence_share"] == pytest.approx(3 / 7, abs=0.02)
    assert values["seconds"] == 1.75


def test_noise_lowers_the_ratio_by_what_it_is() -> None:
    tone = np.where(np.arange(2 * RATE) < RATE, 0.3 * np.sin(2 * np.pi * 300 * np.arange(2 * RATE) / RATE), 0)
    signal = 10 * np.log10(0.3**2 / 2)
    for level in (-30, -50, -70):
        values = recording(tone + 10 ** (level / 20) * RNG.standard_normal(2 * RATE))
        assert values["snr"] == pytest.approx(signal - level, abs=2)


def test_level_and_crest() -> None:
    values = recording(0.5 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE))
    assert values["level"] == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.01)
    assert values["crest"] == pytest.approx(3.01, abs=0.01)


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_decay_is_the_slope_of_a_dying_sound(seconds: float) -> None:
    # Level falls by 60 dB in the given time, as in a room with that reverberation time.
    time = np.arange(RATE) / RATE
    dying = np.sin(2 * np.pi * 500 * time) * 10 ** (-60 * (time % 0.5) / seconds / 20)
    assert recording(dying)["decay"] == pytest.approx(60 / seconds, rel=0.15)
    assert decay(np.zeros(3, np.float32)) == 0.0
    assert decay(np.zeros(50, np.float32)) == 0.0


def test_the_backgrounds_colour_is_seen() -> None:
    rumble = np.cumsum(RNG.standard_normal(2 * RATE)) * 1e-4
    hiss = np.diff(RNG.standard_normal(2 * RATE + 1)) * 1e-2
    low, high = recording(rumble - rumble.mean()), recording(hiss)
    assert low["background0"] > -3 > low["background5"]
    assert high["background5"] > -3 > high["background0"]
    assert low["low_level"] > high["low_level"] + 20
    assert high["high_level"] > low["high_level"] + 20


def test_silence_is_at_the_floor_and_relative_to_nothing() -> None:
    values = recording(np.zeros(RATE))
    assert (values["level"], values["noise_floor"], values["peak"]) == (FLOOR_DB,) * 3
    assert (values["crest"], values["snr"], values["decay"], values["bits"], values["bandwidth"]) == (0, 0, 0, 0, 0)
    assert values["digital_silence_share"] == 1
