"""The stage: originals and neighbours, cached rows, and the inputs that a row depends on."""

import json
from pathlib import Path
from typing import Any

import pytest

from stages.core.errors import EarwitnessError
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import audio_hash
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main as ingest
from stages.neighbours.sounds import NeighbourSounds
from stages.perturbation.__main__ import main
from tests.params import Whole

NAMES = ("delete_words", "gain", "noise", "swap_words", "zero_segments")


def counts(printed: str) -> dict[str, tuple[int, int]]:
    """Read the caches' summaries: rows computed and reused, by perturbation."""
    words = [line.split() for line in printed.splitlines() if " rows computed, " in line]
    return {line[1].removeprefix("perturbation/").rstrip(":"): (int(line[2]), int(line[5])) for line in words}


def both(name: str, params: Whole) -> list[dict[str, Any]]:
    ingest(name, params)
    main(name, params)
    table = read_table(Path("data/perturbation", name, "neighbours.parquet"))
    assert table.schema == NEIGHBOURS_SCHEMA
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def changed(params: Whole, **settings: Any) -> Whole:
    neighbours = {**params.perturbation.neighbours, **settings}
    return params.model_copy(update={"perturbation": params.perturbation.model_copy(update={"neighbours": neighbours})})


def test_every_clip_has_its_original_and_its_neighbours(bring: Any, make_params: Any) -> None:
    bring("mine", 3)
    params = changed(make_params({"mine": "column"}), noise={"count": 2, "snr_db": [15.0, 25.0]})
    rows = both("mine", params)
    clips = {clip["clip_id"]: clip for clip in read_table(Path("data/corpus/mine/clips.parquet")).to_pylist()}
    sounds = NeighbourSounds("mine")
    assert len(rows) == 3 * 7
    assert [(row["clip_id"], row["neighbour_id"]) for row in rows] == sorted(
        (row["clip_id"], row["neighbour_id"]) for row in rows
    )
    for row in rows:
        clip = clips[row["clip_id"]]
        assert (row["audio_hash"] == clip["audio_hash"]) == (row["kind"] != "audio")
        assert row["audio"] is None
        assert audio_hash(sounds[row["neighbour_id"]]) == row["audio_hash"]
        assert row["seconds"] == clip["seconds"]
        assert (row["text"] == clip["text"]) == (row["kind"] != "text")
        assert json.dumps(json.loads(row["recipe"]), sort_keys=True) == row["recipe"]
    assert {row["neighbour_id"].split("/", 1)[1] for row in rows} == {
        *(f"{name}/0" for name in NAMES),
        "noise/1",
        "original/0",
    }
    originals = [row for row in rows if row["kind"] == "original"]
    assert {(row["perturbation"], row["recipe"]) for row in originals} == {("original", "{}")}


def test_ten_clips_more_are_ten_times_the_neighbours_more(
    bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params({"mine": "column"})
    bring("mine", 14)
    before = both("mine", params)
    assert counts(capsys.readouterr().out) == {name: (14, 0) for name in NAMES}
    bring("mine", 24)
    assert both("mine", params)[: len(before)] == before
    assert counts(capsys.readouterr().out) == {name: (10, 14) for name in NAMES}


def test_a_changed_setting_costs_its_own_neighbours_and_a_seed_all(
    bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params({"mine": "column"})
    bring("mine", 4)
    first = both("mine", params)
    capsys.readouterr()
    both("mine", changed(params, gain={"count": 1, "decibels": [-3.0, 3.0]}))
    assert counts(capsys.readouterr().out) == {name: (4, 0) if name == "gain" else (0, 4) for name in NAMES}
    other = both("mine", params.model_copy(update={"seed": params.seed + 1}))
    assert counts(capsys.readouterr().out) == {name: (4, 0) for name in NAMES}
    assert [row["audio_hash"] for row in other if row["kind"] == "audio"] != [
        row["audio_hash"] for row in first if row["kind"] == "audio"
    ]


def test_more_of_a_kind_keeps_those_there_were(
    bring: Any, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params({"mine": "column"})
    bring("mine", 3)
    both("mine", params)
    capsys.readouterr()
    both("mine", changed(params, noise={"count": 3, "snr_db": [15.0, 25.0]}))
    assert counts(capsys.readouterr().out)["noise"] == (6, 3)


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte(bring: Any, make_params: Any) -> None:
    bring("mine", 40)
    written = []
    for workers in (1, 2):
        both("mine", make_params({"mine": "column"}, compute={"workers": workers}))
        written.append(Path("data/perturbation/mine/neighbours.parquet").read_bytes())
        for part in Path(".cache/rows").rglob("*.parquet"):
            part.unlink()
    assert written[0] == written[1]


def test_blank_transcripts_have_neighbours_that_are_blank(bring: Any, make_params: Any) -> None:
    manifest = bring("mine", 2) / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("Tom saw 0 old ships.", ""))
    rows = both("mine", make_params({"mine": "column"}))
    assert {row["text"] for row in rows if row["clip_id"] == "mine_000"} == {""}


def test_without_perturbations_there_are_the_originals(bring: Any, make_params: Any) -> None:
    bring("mine", 2)
    rows = both("mine", make_params({"mine": "column"}, perturbation={"neighbours": {}}))
    assert [row["neighbour_id"] for row in rows] == ["mine_000/original/0", "mine_001/original/0"]


def test_what_is_wrong_is_named(workplace: Path, make_params: Any) -> None:
    with pytest.raises(EarwitnessError, match=r"data/corpus/mine/clips\.parquet: missing: run 'dvc repro'"):
        main("mine", make_params({"mine": "column"}))
    with pytest.raises(EarwitnessError, match=r"params\.yaml: perturbation\.neighbours\.echo: unknown"):
        main("mine", make_params({"mine": "column"}, perturbation={"neighbours": {"echo": {"count": 1}}}))
    with pytest.raises(EarwitnessError, match="'other' is not declared"):
        main("other", make_params({"mine": "column"}))
