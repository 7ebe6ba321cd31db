"""A clip's sound is the same whether a copy is kept or the recording is read in place; a changed recording is named."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, Samples, audio_hash
from stages.core.sound.clips import ClipSounds
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.features.__main__ import main as measure
from stages.perturbation.__main__ import main as perturb
from tests.params import Whole

Corpora = Callable[..., tuple[Whole, Path]]


def noise(seed: int, channels: int, rate: int) -> Samples:
    sound = 0.1 * np.random.default_rng(seed).standard_normal((rate, channels))
    return (sound * np.arange(1, channels + 1)).astype(np.float32)


@pytest.fixture
def both(workplace: Path, make_params: Any) -> Corpora:
    """Bring recordings of several kinds twice: as `copied`, and as `in_place`."""

    def make(**settings: str) -> tuple[Whole, Path]:
        folder = workplace / "data/raw/in_place"
        folder.mkdir(parents=True)
        soundfile.write(folder / "a.wav", noise(0, 1, RATE), RATE)
        soundfile.write(folder / "b.flac", noise(1, 2, 44_100), 44_100)
        soundfile.write(folder / "c.ogg", noise(2, 1, 24_000), 24_000)
        soundfile.write(folder / "d.wav", noise(3, 3, 8_000), 8_000, subtype="FLOAT")
        shutil.copytree(folder, workplace / "data/raw/copied")
        params = make_params({"copied": "none", "in_place": "none"}, features={"families": ["recording", "spectral"]})
        audio = {"copied": "embed", "in_place": "reference"}
        corpora = {
            name: corpus.model_copy(update={"audio": audio[name], **settings})
            for name, corpus in params.corpora.items()
        }
        params = params.model_copy(update={"corpora": corpora})
        for name in corpora:
            ingest(name, params)
        return params, folder

    return make


def clips(name: str) -> list[dict[str, Any]]:
    return read_table(Path("data/corpus", name, "clips.parquet")).to_pylist()


@pytest.mark.parametrize("channel", ["mix", "first", "loudest"])
def test_a_sound_that_is_read_in_place_is_the_copy_to_the_bit(both: Corpora, channel: str) -> None:
    both(channel=channel)
    copied, in_place = ClipSounds("copied"), ClipSounds("in_place")
    assert len(clips("copied")) == 4
    for row, other in zip(clips("copied"), clips("in_place"), strict=True):
        assert row["audio"] is not None
        assert other["audio"] is None
        assert other["audio_hash"] == row["audio_hash"] == audio_hash(copied[row["clip_id"]])
        np.testing.assert_array_equal(in_place[row["clip_id"]], copied[row["clip_id"]])


def test_features_and_neighbours_are_equal(both: Corpora) -> None:
    params, _ = both()
    for name in ("copied", "in_place"):
        perturb(name, params)
        measure(name, params)
    for table in ("perturbation/{}/neighbours.parquet", "features/{}/features.parquet"):
        copied, in_place = (read_table(Path("data", table.format(name))) for name in ("copied", "in_place"))
        assert in_place.num_rows
        assert in_place.equals(copied)


def test_a_recording_that_is_edited_missing_or_broken_is_named_with_what_to_do(both: Corpora) -> None:
    _, folder = both()
    sounds = ClipSounds("in_place")
    names = {row["recording"]["path"]: row["clip_id"] for row in clips("in_place")}
    soundfile.write(folder / "a.wav", noise(9, 1, RATE), RATE)
    (folder / "b.flac").rename(folder / "moved.flac")
    (folder / "c.ogg").write_bytes(b"OggS")
    for file, reason in {"a.wav": "its sound is not what it was", "b.flac": "missing", "c.ogg": ""}.items():
        message = rf"^data/raw/in_place/{file}: clip '{names[file]}': {reason}.*: put the recording back, or run 'dvc"
        with pytest.raises(EarwitnessError, match=message):
            sounds[names[file]]
    assert len(sounds[names["d.wav"]]) == RATE


def test_a_later_header_changes_nothing(both: Corpora) -> None:
    """Only the sound counts: a new tag in the file is no edit."""
    _, folder = both()
    samples, rate = soundfile.read(folder / "a.wav", dtype="int16")
    with soundfile.SoundFile(folder / "a.wav", "w", rate, 1) as file:
        file.title = "renamed"
        file.write(samples)
    clip_id = next(row["clip_id"] for row in clips("in_place") if row["recording"]["path"] == "a.wav")
    assert len(ClipSounds("in_place")[clip_id]) == RATE
