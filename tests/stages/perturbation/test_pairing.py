"""Each pairing combines the right sound and text, and the stage writes them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.sound.audio import RATE, Samples, decode_flac
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.neighbours.perturbations import noise_alone, resynthesis, voice_conversion
from stages.neighbours.praat import median_pitch, speak
from stages.neighbours.recipe import Utterance
from stages.neighbours.sounds import NeighbourSounds
from stages.perturbation.__main__ import main
from tests.stages.conftest import voice

ASKED: dict[str, dict[str, Any]] = {
    "as_it_was": {"count": 1},
    "noise_alone": {"count": 1},
    "other_text": {"count": 1},
    "other_voice": {"count": 1},
    "resynthesis": {"count": 1, "language": "English (America)", "variant": "Male1", "words_per_minute": [150, 200]},
    "silence": {"count": 1},
    "text_alone": {"count": 1, "seconds": 0.2},
    "voice_conversion": {"count": 1, "semitones": [4, 4], "formants": [1.15, 1.15]},
    "wrong_audio": {"count": 2},
}


def rng(index: int = 0) -> np.random.Generator:
    return np.random.default_rng(index)


def made(bring: Any, make_params: Any, codec: str = "none") -> dict[str, dict[str, dict[str, Any]]]:
    """Neighbours by clip and name, of six clips, of which the last two say the same."""
    manifest = bring("mine", 6) / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("saw 5 old", "saw 4 old"))
    params = make_params({"mine": "column"}, perturbation={"neighbours": ASKED, "pairing_codec": codec})
    ingest("mine", params)
    main("mine", params)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in read_table(Path("data/perturbation/mine/neighbours.parquet")).to_pylist():
        found.setdefault(row["clip_id"], {})[row["neighbour_id"].split("/", 1)[1]] = row
    return found


def test_the_stage_pairs_as_asked(bring: Any, make_params: Any) -> None:
    found, sounds = made(bring, make_params), NeighbourSounds("mine")
    clips = {row["clip_id"]: row for row in read_table(Path("data/corpus/mine/clips.parquet")).to_pylist()}
    for clip_id, own in found.items():
        clip = clips[clip_id]
        assert {row["kind"] for name, row in own.items() if name != "original/0"} == {"pairing"}
        assert {row["text"] for name, row in own.items() if name != "other_text/0"} == {clip["text"]}
        assert own["as_it_was/0"]["audio_hash"] == clip["audio_hash"]
        silence, moment = sounds[f"{clip_id}/silence/0"], sounds[f"{clip_id}/text_alone/0"]
        assert not silence.any()
        assert (len(silence), len(moment)) == (RATE, 0.2 * RATE)
        assert own["text_alone/0"]["seconds"] == np.float32(0.2)
        stored = {name for name, row in own.items() if row["audio"] is not None}
        assert stored == {"resynthesis/0", "voice_conversion/0"}
        for index in (0, 1):
            row = own[f"wrong_audio/{index}"]
            donor = clips[json.loads(row["recipe"])["donor"]]
            assert donor["speaker"] != clip["speaker"]
            assert donor["text"] != clip["text"]
            assert row["audio_hash"] == donor["audio_hash"]
            assert row["donor"] == donor["clip_id"]
            assert np.array_equal(sounds[row["neighbour_id"]], decode_flac(donor["audio"]))
        row = own["other_text/0"]
        donor = clips[json.loads(row["recipe"])["donor"]]
        assert donor["speaker"] == clip["speaker"]
        assert (row["audio_hash"], row["text"]) == (donor["audio_hash"], donor["text"])
        assert json.loads(row["recipe"])["donor_member"] is donor["member"]
    twins = found["mine_004"]["other_voice/0"], found["mine_005"]["other_voice/0"]
    assert [row["audio_hash"] for row in twins] == [clips[name]["audio_hash"] for name in ("mine_005", "mine_004")]
    alone = found["mine_000"]["other_voice/0"]
    assert (alone["audio"], alone["audio_hash"]) == (None, clips["mine_000"]["audio_hash"])
    assert json.loads(alone["recipe"]) == {"codec": "none", "donor": None, "donor_member": None}


def test_a_codec_goes_over_every_pairing(bring: Any, make_params: Any) -> None:
    plain, coded = (made(bring, make_params, codec) for codec in ("none", "g711"))
    sounds = NeighbourSounds("mine")
    for name in ("as_it_was/0", "wrong_audio/0", "resynthesis/0", "voice_conversion/0"):
        before, after = (found["mine_001"][name] for found in (plain, coded))
        assert json.loads(after["recipe"])["codec"] == "g711"
        assert before["audio_hash"] != after["audio_hash"]
        power = np.abs(np.fft.rfft(sounds[after["neighbour_id"]])) ** 2
        assert power[int(0.52 * len(power)) :].sum() < 1e-3 * power.sum()  # nothing above 4.1 kHz


def test_noise_alone_keeps_level_and_spectrum() -> None:
    sound = voice(1)
    paired, recipe = noise_alone.noise_alone(Utterance(sound, "x"), rng())
    assert paired.samples is not None
    noise = paired.samples / recipe["scale"]
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.01)
    powers = [[part.sum() for part in np.array_split(np.abs(np.fft.rfft(x)) ** 2, 20)] for x in (sound, noise)]
    np.testing.assert_allclose(powers[1], powers[0], rtol=0.02)
    alike = []
    for index in range(20):
        drawn = noise_alone.noise_alone(Utterance(sound, "x"), rng(index))[0].samples
        assert drawn is not None
        alike.append(np.corrcoef(drawn, sound)[0, 1])
    assert abs(np.mean(alike)) < 0.15  # a buzz has few strong tones, so that single draws resemble it by chance


@pytest.mark.parametrize(("index", "rises"), [(0, True), (11, False)])
def test_a_voice_is_moved_towards_the_other_sex(index: int, rises: bool) -> None:
    sound = high_voice() if not rises else voice(index, 2.0)
    paired, recipe = voice_conversion.voice_conversion(
        Utterance(sound, "x"), rng(), semitones=[4, 4], formants=[1.15, 1.15]
    )
    assert paired.samples is not None
    assert len(paired.samples) == len(sound)
    assert (recipe["semitones"] > 0) == (recipe["formants"] > 1) == rises
    moved = 12 * np.log2(median_pitch(paired.samples) / median_pitch(sound))
    assert moved == pytest.approx(4 if rises else -4, abs=0.1)


def high_voice() -> Samples:
    time = np.arange(2 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 220 * harmonic * time) / harmonic for harmonic in range(1, 20))
    return (0.2 * buzz).astype(np.float32)


def test_resynthesis_speaks_the_text_at_the_clips_level_whatever_was_spoken_before() -> None:
    settings = {"language": "English (America)", "variant": "Female1", "words_per_minute": [150, 200]}
    sound = voice(2)
    first, recipe = resynthesis.resynthesis(Utterance(sound, "One red box."), rng(), **settings)
    other, _ = resynthesis.resynthesis(Utterance(sound, "Two old ships were sailing slowly."), rng(), **settings)
    again, _ = resynthesis.resynthesis(Utterance(sound, "One red box."), rng(), **settings)
    assert first.samples is not None
    assert again.samples is not None
    assert other.samples is not None
    np.testing.assert_array_equal(first.samples, again.samples)
    assert len(other.samples) > 1.5 * len(first.samples)
    level = np.sqrt(np.mean(first.samples**2)) / recipe["scale"]
    assert level == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.01)
    assert resynthesis.resynthesis(Utterance(sound, " "), rng(), **settings)[0].samples is None


def test_a_language_that_praat_does_not_speak_is_named() -> None:
    with pytest.raises(Exception, match="Praat cannot speak 'Klingon' as 'Female1'"):
        speak("One.", "Klingon", "Female1", 170)
    assert len(speak("One.", "English (America)", "Female1", 170))
