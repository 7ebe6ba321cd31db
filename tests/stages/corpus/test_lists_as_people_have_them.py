"""Lists that people bring, broken and odd: each is read as it is meant, set aside with a true reason, or named."""

import json
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.errors import EarwitnessError
from stages.corpus.entries import Entry
from stages.corpus.listing import Listing
from tests.stages.corpus.conftest import SOUNDS, Content

HEADER = "clip_id,path,text\n"


def table(**columns: list[Any]) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def texts(entries: list[Entry]) -> dict[str, str]:
    return {entry.clip_id: entry.text for entry in entries}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"manifest.csv": (HEADER + "a,a.wav,é\n").encode("utf-16")}, {"a": "é"}),
        ({"manifest.csv": HEADER + 'a,a.wav,"x\ny, ""z"""\n'}, {"a": 'x\ny, "z"'}),
        (
            {"manifest.csv": HEADER + "a,a.wav,null\nb,b.wav,nan\nc,c.wav,NA\nd,d.wav,1e5\n"},
            dict(zip("abcd", ("null", "nan", "NA", "1e5"), strict=True)),
        ),
        ({"manifest.csv": "clip_id;path;text\na;a.wav;one, two\n"}, {"a": "one, two"}),
        ({"manifest.csv": "clip_id,path,text,,\na,a.wav,x,,\n"}, {"a": "x"}),
        ({"manifest.csv": "clip_id,path,text,,\na,a.wav,x,,\n,,,,\n,, ,,\n"}, {"a": "x"}),
        ({"manifest.csv": "sep=;\r\npath;text\r\na.wav;one, two\r\n"}, {"a": "one, two"}),
        ({"manifest.csv": ",clip_id,path,text\n0,a,a.wav, x \n"}, {"a": " x "}),
        ({"manifest.tsv": 'clip_id\tpath\ttext\na\ta.wav\t"Yes" he said\n'}, {"a": '"Yes" he said'}),
        ({"manifest.tsv": 'clip_id\tpath\ttext\na\ta.wav\t"one\ttwo"\n'}, {"a": "one\ttwo"}),
        ({"manifest.tsv": "clip_id,path,text\na,a.wav,x\n"}, {"a": "x"}),
        ({"manifest.json": json.dumps([{"path": "a.wav", "text": "x"}], indent=1)}, {"a": "x"}),
        ({"manifest.json": json.dumps({"path": {"0": "a.wav"}, "text": {"0": "x"}})}, {"a": "x"}),
        ({"manifest.json": json.dumps({"u1": {"path": "a.wav", "text": "x"}})}, {"u1": "x"}),
        ({"manifest.json": json.dumps({"path": ["a.wav"], "text": ["x"]})}, {"a": "x"}),
        (
            {"manifest.json": lines({"path": "a.wav", "text": "x"}, {"path": "b.wav", "text": "y"})},
            {"a": "x", "b": "y"},
        ),
        (
            {"manifest.jsonl": '{"path": "a.wav", "text": NaN}\n{"path": "b.wav", "text": Infinity}\n'},
            {"a": "", "b": ""},
        ),
        ({"manifest.parquet": table(path=["a.wav", "b.wav"], text=["nan", None])}, {"a": "nan", "b": ""}),
        ({"manifest.csv": "id,path,text\n7,a.wav,x\n7,b.wav,y\n"}, {"a": "x", "b": "y"}),
        ({"a.flac": "", "manifest.csv": "path,text\na.wav,x\na.flac,y\n"}, {"a.wav": "x", "a.flac": "y"}),
        ({"manifest.csv": "Audio File,Transcript\na.wav,x\n"}, {"a": "x"}),
        ({"manifest.csv": "path,text\nfile:///old/place/a.wav,x\n"}, {"a": "x"}),
        ({"mine.csv": "wav_filename,wav_filesize,transcript\na.wav,7,x\n"}, {"a": "x"}),
        ({"README.txt": "a.wav is an example of our clips.", "LICENSE": "a b c d"}, dict.fromkeys("abcd", "")),
        ({"md5sums.txt": "".join(f"{'ab' * 16}  {name}\n" for name in SOUNDS)}, dict.fromkeys("abcd", "")),
    ],
)
def test_what_is_meant_is_read(
    listing: Callable[..., Listing], files: dict[str, Content], expected: dict[str, str]
) -> None:
    found = listing(SOUNDS | files)
    assert texts(found.entries) == expected
    assert found.set_aside == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"manifest.csv": (HEADER + "a,a.wav,é\n").encode("utf-16-le")}, r"manifest\.csv, line \d: not UTF-8"),
        ({"manifest.csv": (HEADER + "a,a.wav,x\n").encode("utf-16-le")}, r"manifest\.csv, line 1: holds a zero byte"),
        ({"manifest.csv": (HEADER + "a,a.wav,x\nb,b.wav,é\n").encode("latin-1")}, r"manifest\.csv, line 3: not UTF-8"),
        (
            {"manifest.csv": HEADER + 'a,a.wav,"x\ny"\nb,b.wav,"open\nc,c.wav,y\n'},
            r"row 3 \(line 4\): a quote .* not cl",
        ),
        ({"manifest.csv": HEADER + 'b,b.wav,"open\nc,c.wav,"y"\n'}, r"row 2 \(line 2\): text follows a closing quote"),
        ({"manifest.csv": HEADER + 'b,b.wav,"open\nc,c.wav,y"\n'}, r"row 2: a cell holds what looks like another row"),
        ({"manifest.csv": HEADER + 'a,a.wav,"x\ny\nz"\nc,c.wav,y,EXTRA\n'}, r"row 3: 4 cells under 3 columns"),
        ({"manifest.csv": HEADER + "a,a.wav\n"}, r"row 2: 2 cells under 3 columns"),
        ({"manifest.csv": HEADER + '"a","a\nb.wav",x\n'}, r"row 2: column 'path': .*a\\nb\.wav is not a file"),
        ({"manifest.csv": "clip_id,path,text,text\na,a.wav,x,y\n"}, r"row 1: column 'text' appears twice"),
        ({"manifest.csv": lines({"path": "a.wav", "text": "x"})}, r"row 1: holds JSON: give the file the suffix"),
        ({"manifest.csv": "path,sentence,transcript\na.wav,x,y\n"}, r"'sentence' and 'transcript' could each be"),
        (
            {"manifest.csv": "path,words\na.wav,x\n"},
            r"column 'text' is missing \(there is path, words\): add it, or name",
        ),
        ({"manifest.jsonl": '{"path": "a.wav", "text": None}\n'}, r"row 1: not JSON \(Expecting value\)"),
        ({"manifest.jsonl": '{"path": "a.wav", "text": "x", "text": "y"}'}, r"row 1: .*'text' stands twice"),
        ({"manifest.jsonl": lines({"path": 5, "text": "x"})}, r"row 1: column 'path': .*mine/5 is not a file"),
        (
            {"manifest.json": '[{"path": "a.wav"},\n{"path": "b.w'},
            r"manifest\.json: not JSON \(Unterminated .* in line 2\)",
        ),
        (
            {"manifest.json": json.dumps({"a": [{"path": "a.wav"}], "b": [{"path": "b.wav"}]})},
            r"holds 2 lists of objects",
        ),
        ({"manifest.json": "7"}, r"manifest\.json: neither an array nor an object"),
        ({"manifest.parquet": table(path=["a.wav"], text=[b"x"])}, r"none of 1 rows can be used .*'text' holds bytes"),
        (
            {"manifest.csv": "path,text\na.wav,x\na.wav,y\n"},
            r"manifest\.csv, rows 2 and 3 name the same recording \(a\.w",
        ),
        (
            {"manifest.csv": "path,text\n/old/1/a.wav,x\n/old/2/a.wav,y\n"},
            r"row 3: '/old/2/a.wav' and '/old/1/a.wav' are n",
        ),
        (
            {"manifest.csv": "path,text\n/etc/hosts,x\n"},
            r"row 2: '/etc/hosts' leaves the corpus's folder: put a link to",
        ),
        (
            {"train.csv": "path,text\na.wav,x\n", "test.csv": "path,text\nb.wav,y\n"},
            r"test\.csv and train\.csv are both",
        ),
        (
            {"metadata.csv": "file_name,text\na.wav,x\n", "wav.scp": "a a.wav\n"},
            r"of the layout audio_folder, and wav\.scp",
        ),
        (
            {"all.stm": "a 1 spk 0 1 hello there\nb 1 spk 0 1 hi\n"},
            r"all\.stm: looks like a list of the recordings: it names",
        ),
        (
            {"deep/metadata.csv": "a|One two|one two\nb|x|x\n"},
            r"deep/metadata\.csv: looks like a list .*, and is not read",
        ),
        (
            {"a.txt": "hello", "b.txt": "x"},
            r"a\.txt: looks like the transcript of a\.wav, and is not read \(1 more",
        ),
        (
            {"txt/a.txt": "hello"},
            r"txt/a\.txt: looks like the transcript of a\.wav, and is not read: write",
        ),
        (
            {"p1_01_mic1.wav": "", "p1_02_mic1.wav": "", "txt/p1_01.txt": "x", "txt/p1_02.txt": "y"},
            r"p1_01\.txt: looks",
        ),
        (
            {"manifest.csv": "path,start,end,channel,text\na.wav,0,1,1,x\na.wav,0,1,2,y\n"},
            r"manifest\.csv: column 'channel' has channels 1 and 2 and no 0",
        ),
        ({"S01_P01.wav": "", "trans/S01.json": "[]"}, r"trans/S01\.json: looks like the transcript of S01_P01\.wav"),
        ({"audio/M2a.Mix-0.wav": "", "words/M2a.A.words.xml": "<w/>"}, r"M2a\.A\.words\.xml: .* audio/M2a\.Mix-0\.wav"),
        ({"B1/chan0.wav": "", "B1.mrt": "<m/>"}, r"B1\.mrt: looks like the transcript of B1/chan0\.wav"),
        ({"F1/x.wav": "", "F1/x.phn": "0 1 h", "G1/x.wav": ""}, r"F1/x\.phn: looks like the transcript of F1/x\.wav"),
        ({"lists/manifest.csv": "path,text\n../a.wav,x\n"}, r"lists/manifest\.csv: looks like a list"),
        ({"c.TextGrid": "x"}, r"c\.TextGrid: looks like the transcript of c\.wav, and is not read: write"),
        ({"transcripts": "a hello\nb hi there\n"}, r"mine/transcripts: looks like a list"),
        ({"list.parquet": table(name=["a.wav", "b.wav"], words=["x", "y"])}, r"list\.parquet: looks like a list"),
        ({"wav.scp": "u1 sph2pipe -f wav x.sph |\n"}, r"wav\.scp, row 1: is a command, and no command is run"),
        ({"wav.scp": "u1 x.ark:123\n"}, r"wav\.scp, row 1: is a place in a Kaldi archive"),
        ({"wav.scp": "u1 a.wav\nu1 b.wav\n"}, r"wav\.scp, row 2: 'u1' is taken by .*wav\.scp, row 1"),
        ({"wav.scp": "r a.wav\n", "segments": "u1 r 0\n"}, r"segments, row 1: not an utterance, a recording, a start"),
    ],
)
def test_what_cannot_be_read_is_named(listing: Callable[..., Listing], files: dict[str, Content], message: str) -> None:
    with pytest.raises(EarwitnessError, match=message) as error:
        listing(SOUNDS | files)
    assert "\n" not in str(error.value)


def test_a_spreadsheet_is_a_list(listing: Callable[..., Listing]) -> None:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("xl/sharedStrings.xml", "<si><t>a.wav</t></si><si><t>b.wav</t></si><si><t>hello</t></si>")

    with pytest.raises(EarwitnessError, match=r"list\.xlsx: looks like a list"):
        listing(SOUNDS | {"list.xlsx": write})


def test_a_list_that_is_not_wanted_stops_nothing_where_the_source_is_named(listing: Callable[..., Listing]) -> None:
    assert len(listing(SOUNDS | {"a.txt": "hello"}, source="audio_files").entries) == 4


def test_text_beside_sounds_without_a_list_is_said(listing: Callable[..., Listing]) -> None:
    found = listing(SOUNDS | {"README.md": "of May", "trans/talk.text": "0.0 1.5 hi\n", "trans/other": "hello\n"})
    (note,) = found.notes
    assert note.endswith("mine: files of text that are not read: 2 (trans/other)")


def test_a_second_list_of_sounds_that_the_first_does_not_name_is_said(listing: Callable[..., Listing]) -> None:
    first = {"manifest.csv": "path,text\na.wav,x\nb.wav,y\nc.wav,z\nd.wav,u\n"}
    second = {"more/deep/e.wav": "", "more/deep/metadata.csv": "file_name,text\ne.wav,x\n"}
    (note,) = listing(SOUNDS | first | second).notes
    assert "sounds that no list names: 1 (more/deep/e.wav); more/deep/metadata.csv looks like a list of such" in note


def test_a_list_above_the_sides_is_named(listing: Callable[..., Listing]) -> None:
    files = {"members/a.wav": "", "non_members/b.wav": "", "manifest.csv": HEADER + "a,members/a.wav,x\n"}
    with pytest.raises(EarwitnessError, match=r"mine/manifest\.csv: looks like a list .*: each side has its own list"):
        listing(files, member="folders")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"path": "b.wav", "text": ["x"]}, "a cell without text: column 'text' holds a list, not text ("),
        ({"path": {"x": 1}, "text": "x"}, "a cell without text: column 'path' holds an object, not text ("),
        ({"path": "b.wav", "text": "x", "speaker": [1]}, "a cell without text: column 'speaker' holds a list"),
        ({"path": "b.wav", "text": "x" * 1_000_000}, "a cell longer than corpus.max_text ('text': 1000000 char"),
        ({"path": "b.wav", "text": "x", "start": -1, "end": 1}, "a segment that starts before its recording (-1 s)"),
        ({"path": "b.wav", "text": "x", "start": 2, "end": 2}, "a segment whose end is not after its start (2 to 2 s)"),
        ({"path": "b.wav", "text": "x", "start": "one"}, "a time that is not a number of seconds ('start': 'one')"),
        ({"path": "b.wav", "text": "x", "start": "nan"}, "a time that is not a number of seconds ('start': 'nan')"),
    ],
)
def test_a_row_that_gives_no_clip_is_set_aside(
    listing: Callable[..., Listing], row: dict[str, Any], reason: str
) -> None:
    good = {"path": "a.wav", "text": "fine", "start": None, "end": None}
    found = listing(SOUNDS | {"manifest.jsonl": lines(good, row)})
    assert texts(found.entries) == {"a": "fine"}
    (aside,) = found.set_aside
    assert aside.reason.startswith(reason)
    assert "manifest.jsonl, row 2" in aside.reason


def test_whole_numbers_are_the_same_speaker_however_they_are_stored(listing: Callable[..., Listing]) -> None:
    files = {
        "members/a.wav": "",
        "members/manifest.parquet": table(path=["a.wav"], text=["x"], speaker=[1089.0], age=[30.0]),
        "members/b.wav": "",
        "non_members/c.wav": "",
        "non_members/manifest.csv": "path,text,speaker,age\nc.wav,1.0,1089.0,30\n",
    }
    found = listing(files, member="folders")
    assert {entry.speaker for entry in found.entries} == {"1089"}
    assert {entry.attributes["age"] for entry in found.entries} == {"30"}
    assert texts(found.entries) == {"a": "x", "c": "1.0"}  # a transcript stays as it is
    assert any("sounds that no list names: 1 (b.wav)" in note for note in found.notes)


def test_rows_with_one_recording_and_one_text_are_left_to_the_comparison_of_sides(
    listing: Callable[..., Listing],
) -> None:
    found = listing(SOUNDS | {"manifest.csv": HEADER.strip() + ",member\na,a.wav,x,1\nb,a.wav,x,0\n"}, member="column")
    assert [entry.member for entry in found.entries] == [True, False]


def test_a_separator_of_lines_within_a_text_ends_no_row(listing: Callable[..., Listing]) -> None:
    rows = [{"audio_filepath": f"{name}.wav", "text": f"one\u2028{name}"} for name in ("a", "b")]
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    found = listing(SOUNDS | {"train.json": content})
    assert [entry.text for entry in found.entries] == ["one\u2028a", "one\u2028b"]


def test_a_name_that_differs_by_composition_is_found(listing: Callable[..., Listing]) -> None:
    stored = unicodedata.normalize("NFD", "ünï/ö.wav")
    found = listing({stored: "", "manifest.csv": "path,text\nünï/ö.wav,x\n"})
    assert [entry.path for entry in found.entries] == [stored]
    assert any("other Unicode characters" in note for note in found.notes)


def test_names_that_differ_only_by_composition_stay_two(listing: Callable[..., Listing]) -> None:
    stored = unicodedata.normalize("NFD", "ü.wav")
    found = listing({stored: "", "ü.wav": "", "manifest.csv": f"path,text\nü.wav,x\n{stored},y\n"})
    assert {entry.path: entry.text for entry in found.entries} == {"ü.wav": "x", stored: "y"}


@pytest.mark.parametrize("listed", ["", "path,text\nü.wav,x\na.wav,y\n"])
def test_a_name_that_is_not_utf8_is_set_aside(listing: Callable[..., Listing], listed: str) -> None:
    files: dict[Any, Content] = {b"\xfc.wav": "", "a.wav": ""}
    found = listing(files | ({"manifest.csv": listed} if listed else {}))
    assert [entry.clip_id for entry in found.entries] == ["a"]
    (aside,) = found.set_aside
    assert (aside.path, aside.reason) == ("\\xfc.wav", "a file name that is not UTF-8 (rename it)")


def test_no_column_holds_a_field_that_params_set_to_none(listing: Callable[..., Listing]) -> None:
    files = SOUNDS | {"manifest.csv": "path,start_time,words\na.wav,7,x\n"}
    found = listing(files, columns={"start": "none", "text": "none"})
    assert found.entries[0].recording.start is None
    assert found.entries[0].attributes == {"start_time": "7", "words": "x"}


def test_params_choose_between_near_names(listing: Callable[..., Listing]) -> None:
    files = SOUNDS | {"manifest.csv": "path,sentence,transcript\na.wav,x,y\n"}
    (entry,) = listing(files, columns={"text": "transcript"}).entries
    assert (entry.text, entry.attributes) == ("y", {"sentence": "x"})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"text": "sentense"},
            r"column 'sentense', which params\.yaml: .* for 'text', is missing \(there is path, words",
        ),
        ({"txt": "words"}, r"params\.yaml: corpora: columns: 'txt' is not a field: use one of clip_id, path, text"),
    ],
)
def test_columns_that_do_not_exist(listing: Callable[..., Listing], columns: dict[str, str], message: str) -> None:
    with pytest.raises(EarwitnessError, match=message):
        listing(SOUNDS | {"manifest.csv": "path,words\na.wav,x\n"}, columns=columns)
