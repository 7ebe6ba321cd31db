"""Equal sounds and texts on both sides: counted, left without a label, refused if most are so; the draw by unit."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.core.config.nouns import Unit
from stages.core.errors import EarwitnessError
from stages.core.results.corpus import CorpusSummary
from stages.core.sound.audio import RATE
from stages.core.store.jsonfile import read_json
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main
from stages.corpus.sides import text_key
from tests.params import Whole
from tests.stages.conftest import voice

Row = dict[str, Any]


@pytest.fixture
def listed(workplace: Path) -> Any:
    """Write ``data/raw/mine`` with a clip for each row; `sound` says which rows have the same samples."""

    def write(rows: list[Row], columns: tuple[str, ...] = ("member", "speaker", "session")) -> None:
        folder = workplace / "data/raw/mine"
        folder.mkdir(parents=True)
        with (folder / "manifest.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, ["clip_id", "path", "text", *columns], extrasaction="ignore", restval="")
            table.writeheader()
            for index, row in enumerate(rows):
                path = f"{index}.{row.get('kind', 'wav')}"
                samples = np.rint(20_000 * voice(row["sound"], 0.5)).astype(np.int16)
                soundfile.write(folder / path, samples, RATE, subtype="PCM_16")
                table.writerow({"clip_id": f"c{index:03d}", "path": path, "text": f"text {index}", **row})

    return write


def found() -> tuple[dict[str, Row], CorpusSummary]:
    clips = read_table(Path("data/corpus/mine/clips.parquet")).to_pylist()
    summary = CorpusSummary.model_validate(read_json(Path("data/corpus/mine/summary.json")))
    return {clip["clip_id"]: clip for clip in clips}, summary


def drawn_by(unit: Unit, make_params: Any) -> Whole:
    params: Whole = make_params({"mine": "random_half"})
    params.corpora["mine"] = params.corpora["mine"].model_copy(update={"unit": unit})
    return params


def test_a_sound_on_both_sides_has_no_label_and_is_said(listed: Any, make_params: Any, capsys: Any) -> None:
    """The container differs, the sound does not."""
    rows = [{"sound": index, "member": index % 2} for index in range(8)]
    listed([*rows, {"sound": 0, "member": 1, "kind": "flac"}, {"sound": 2, "member": 0}])
    main("mine", make_params({"mine": "column"}))
    clips, summary = found()
    assert clips["c000"]["member"] is clips["c008"]["member"] is None
    assert [clips[f"c00{index}"]["member"] for index in (1, 2, 3, 9)] == [True, False, True, False]
    assert (summary.both_sides.sounds, summary.both_sides.clips, summary.repeated_sounds) == (1, 2, 2)
    assert (summary.members, summary.non_members, summary.unknown_membership) == (4, 4, 0)
    assert "1 recordings are on both sides, so membership contradicts itself: their 2 clips" in capsys.readouterr().out
    assert read_json(Path("data/corpus/mine/details.json"))["on_both_sides"] == [["c000", "c008"]]


def test_a_corpus_whose_sounds_are_mostly_on_both_sides_is_refused(listed: Any, make_params: Any) -> None:
    listed([{"sound": index // 2, "member": index % 2} for index in range(8)])
    wrong = r"data/raw/mine: 4 recordings are on both sides \(8 of 8 labelled clips, such as 'c000' and 'c001'\), so me"
    with pytest.raises(EarwitnessError, match=wrong):
        main("mine", make_params({"mine": "column"}))
    assert [path for path in Path("data/corpus").rglob("*") if path.is_file()] == []
    main("mine", make_params({"mine": "none"}))  # enough for leakage
    clips, summary = found()
    assert {clip["member"] for clip in clips.values()} == {None}
    assert (summary.both_sides.sounds, summary.repeated_sounds, summary.members) == (0, 4, 0)


def test_a_draw_keeps_equal_sounds_together(listed: Any, make_params: Any) -> None:
    listed([{"sound": index // 2} for index in range(16)], columns=())
    main("mine", make_params({"mine": "random_half"}))
    clips, summary = found()
    sides = [{clips[f"c{2 * pair + which:03d}"]["member"] for which in (0, 1)} for pair in range(8)]
    assert all(len(side) == 1 for side in sides)
    assert sides.count({True}) == 4
    assert summary.draw is not None
    assert (summary.draw.unit, summary.draw.units, summary.draw.member_units, summary.draw.seed) == ("sound", 8, 4, 7)
    assert summary.both_sides.sounds == 0


def test_equal_sounds_change_the_draw_of_no_other_clip(listed: Any, make_params: Any) -> None:
    """Without repeated sounds the draw by sound is that by clip."""
    listed([{"sound": index} for index in range(10)], columns=())
    labels = []
    units: tuple[Unit, ...] = ("sound", "clip")
    for unit in units:
        main("mine", drawn_by(unit, make_params))
        labels.append([clip["member"] for clip in found()[0].values()])
    assert labels[0] == labels[1]
    assert sum(labels[0]) == 5


@pytest.mark.parametrize("unit", ["text", "speaker", "session"])
def test_a_draw_by_what_the_list_says(listed: Any, make_params: Any, capsys: Any, unit: Unit) -> None:
    """One of 13 clips lacks the value, and is drawn by itself."""
    spelled = ("value {}", "Value  {}!" if unit == "text" else "value {}")  # texts are compared by their words alone
    rows = [{"sound": index, unit: spelled[index // 4 % 2].format(index % 4)} for index in range(12)]
    listed([*rows, {"sound": 12, unit: ""}], columns=("speaker", "session"))
    main("mine", drawn_by(unit, make_params))
    clips, summary = found()
    sides = defaultdict(set)
    for index in range(12):
        sides[index % 4].add(clips[f"c{index:03d}"]["member"])
    assert all(len(side) == 1 for side in sides.values())
    assert summary.draw is not None
    assert (summary.draw.units, summary.draw.alone) == (5, 1)
    assert f"1 clips have no {unit}: each was drawn by itself" in capsys.readouterr().out


def test_one_speaker_cannot_be_halved(listed: Any, make_params: Any) -> None:
    listed([{"sound": index, "speaker": "ann"} for index in range(4)])
    wrong = r"^params\.yaml: corpora\.mine\.unit: all clips have one speaker, so no half can be drawn: "
    with pytest.raises(EarwitnessError, match=wrong):
        main("mine", drawn_by("speaker", make_params))
    assert [path for path in Path("data/corpus").rglob("*") if path.is_file()] == []


def test_a_draw_by_clip_that_parts_most_sounds_is_refused(listed: Any, make_params: Any) -> None:
    listed([{"sound": index // 8} for index in range(16)], columns=())
    with pytest.raises(EarwitnessError, match=r"so membership contradicts itself: set unit to sound"):
        main("mine", drawn_by("clip", make_params))


def test_what_a_summary_counts(listed: Any, make_params: Any, capsys: Any) -> None:
    rows: list[Row] = [{"sound": index, "member": index % 2, "speaker": f"s{index % 3}"} for index in range(6)]
    rows[0] |= {"text": " ", "session": "monday"}
    rows[1] |= {"text": "Good day!", "speaker": ""}
    rows[2] |= {"text": "good  day", "member": "", "session": "tuesday"}
    rows[4] |= {"text": "GOOD DAY"}
    listed(rows)
    folder = Path("data/raw/mine")
    soundfile.write(folder / "5.wav", np.zeros(RATE), RATE)
    main("mine", make_params({"mine": "column"}))
    _, summary = found()
    assert (summary.clips, summary.members, summary.non_members, summary.unknown_membership) == (5, 2, 2, 1)
    assert (summary.speakers, summary.sessions, summary.unknown_speakers) == (3, 2, 1)
    assert (summary.blank_transcripts, summary.blank_members, summary.blank_non_members) == (1, 0, 1)
    assert summary.set_aside == {"silent": 1}
    assert summary.hours == pytest.approx(2.5 / 3600, abs=1e-6)
    assert (summary.both_sides.texts, summary.both_sides.speakers, summary.both_sides.sessions) == (1, 1, 0)
    assert (summary.sources, summary.draw, summary.notes) == (["manifest"], None, 0)
    said = capsys.readouterr().out
    assert "5 clips; 1 set aside (1 silent), 1 with a blank transcript, 1 of unknown speakers, 1 of unknown" in said
    assert "2 clips have a transcript that is on both sides (1 transcripts)" in said


def test_a_summary_names_nothing(listed: Any, make_params: Any) -> None:
    listed([{"sound": index, "member": index % 2, "speaker": "Ann Miller"} for index in range(4)])
    Path("data/raw/mine/1.wav").write_bytes(b"no sound")
    main("mine", make_params({"mine": "column"}, corpus={"unreadable": "quarantine"}))
    text = json.dumps(read_json(Path("data/corpus/mine/summary.json")))
    assert not [name for name in ("Miller", "c00", "wav", "text 1") if name in text]


@pytest.mark.parametrize(
    ("one", "other"), [("Good day!", " good, DAY "), ("Straße", "strasse"), ("e\u0301t\u00e9", "été")]
)
def test_texts_that_count_as_equal(one: str, other: str) -> None:
    assert text_key(one) == text_key(other) is not None


def test_texts_that_do_not() -> None:
    assert text_key("good day") != text_key("goodday")
    assert text_key(" ?! ") is None
