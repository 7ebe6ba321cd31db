"""A neighbour that is heard is the one that the stage made, to the bit, or an error."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stages.core.errors import EarwitnessError
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, Samples, audio_hash, decode_flac, encode_flac
from stages.core.store.tables import read_table, write_table
from stages.corpus.__main__ import main as ingest
from stages.neighbours import sounds as module
from stages.neighbours.recipe import PERTURBATIONS
from stages.neighbours.sounds import KeptSounds, NeighbourSounds
from stages.perturbation.__main__ import main
from tests.stages.conftest import Bring, MakeParams
from tests.stages.neighbours.test_recipes import SETTINGS

PATH = Path("data/perturbation/mine/neighbours.parquet")
ASKED = {name: {"count": 1, **given} for name, given in SETTINGS.items() if name != "mask_fill"}


def neighbours(bring: Bring, make_params: MakeParams, asked: dict[str, Any], codec: str = "none") -> list[Any]:
    """Return the rows of the stage for three clips."""
    bring("mine", 3)
    params = make_params({"mine": "column"}, perturbation={"neighbours": asked, "pairing_codec": codec})
    ingest("mine", params)
    main("mine", params)
    rows: list[Any] = read_table(PATH).to_pylist()
    return rows


@pytest.mark.parametrize("codec", ["none", "mp3"])
def test_every_perturbation_sounds_as_it_was_made(codec: str, bring: Bring, make_params: MakeParams) -> None:
    rows = neighbours(bring, make_params, ASKED, codec)
    clips = {row["clip_id"]: row for row in read_table(Path("data/corpus/mine/clips.parquet")).to_pylist()}
    sounds = NeighbourSounds("mine")
    assert {row["perturbation"] for row in rows} == {*ASKED, "original"}
    for row in rows:
        heard = sounds[row["neighbour_id"]]
        assert heard.dtype == np.float32
        assert audio_hash(heard) == row["audio_hash"]
        assert len(heard) == round(row["seconds"] * RATE)
        # What a consumer heard when the table kept the sounds.
        assert np.array_equal(heard, decode_flac(encode_flac(heard)))
        if row["kind"] in {"original", "text"}:
            assert np.array_equal(heard, decode_flac(clips[row["clip_id"]]["audio"]))
        name = row["perturbation"]
        assert (row["audio"] is not None) == (name != "original" and PERTURBATIONS[name].stored), name


def test_a_worker_makes_the_same_sound(bring: Bring, make_params: MakeParams) -> None:
    rows = neighbours(bring, make_params, {"noise": {"count": 2, "snr_db": [15.0, 25.0]}, "wrong_audio": {"count": 1}})
    sounds = NeighbourSounds("mine")
    sent = [pickle.loads(pickle.dumps(sounds.sound(row["neighbour_id"]))) for row in rows]  # noqa: S301 (our own)
    with ThreadPoolExecutor(4) as threads:
        for row, samples in zip(rows, threads.map(lambda sound: sound.samples(), sent), strict=True):
            assert np.array_equal(samples, sounds[row["neighbour_id"]])


def test_a_sound_that_is_another_is_refused_with_what_to_do(bring: Bring, make_params: MakeParams) -> None:
    rows = neighbours(bring, make_params, {"noise": {"count": 1, "snr_db": [15.0, 25.0]}})
    changed = [row | {"seed": 8} if row["perturbation"] == "noise" else row for row in rows]
    write_table(PATH, pa.Table.from_pylist(changed, NEIGHBOURS_SCHEMA), NEIGHBOURS_SCHEMA)
    sounds = NeighbourSounds("mine")
    assert len(sounds["mine_000/original/0"]) == RATE
    with pytest.raises(
        EarwitnessError, match=r"'mine_000/noise/0' cannot be made again as it was: .* perturbation@mine"
    ):
        sounds["mine_000/noise/0"]


def test_neighbours_of_another_clip_are_refused(
    bring: Bring, make_params: MakeParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash covers the clip too: a corpus that was ingested again needs its neighbours again."""
    neighbours(bring, make_params, {"polarity": {"count": 1}})
    clips = read_table(Path("data/corpus/mine/clips.parquet"))
    silent = encode_flac(np.zeros(RATE, np.float32))
    audio = pa.array([silent] * 3, clips.schema.field("audio").type)
    changed = clips.set_column(clips.column_names.index("audio"), "audio", audio)
    write_table(Path("data/corpus/mine/clips.parquet"), changed, clips.schema)
    monkeypatch.setattr(module, "_kept", KeptSounds(1))
    with pytest.raises(EarwitnessError, match="polarity/0' cannot be made again"):
        NeighbourSounds("mine")["mine_000/polarity/0"]


def test_few_decoded_sounds_are_kept() -> None:
    decoded: list[str] = []

    class Counted:
        def __init__(self, name: str) -> None:
            self.name = name

        def samples(self) -> Samples:
            decoded.append(self.name)
            return np.zeros(100, np.float32)

    kept = KeptSounds(900)  # two sounds of 400 bytes
    for name in "aabacbca":
        kept.samples(name, Counted(name))
    assert decoded == ["a", "b", "c", "b", "a"]
    small = KeptSounds(1)
    decoded.clear()
    for name in "aab":
        small.samples(name, Counted(name))
    assert decoded == ["a", "b"]
