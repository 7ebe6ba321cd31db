"""Folders and manifests become entries; every mistake gives a one-line message that says how to correct it."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.corpus.entries import Entry
from stages.corpus.listing import read_listing


@pytest.fixture
def put(workplace: Path) -> Any:
    """Write files below ``data/raw/mine``."""

    def write(files: dict[str, str]) -> Path:
        folder = workplace / "data/raw/mine"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write


def test_a_manifest_in_full(put: Any, make_params: Any) -> None:
    put(
        {
            "manifest.csv": "clip_id,path,text,member,speaker,session,age,mood\n"
            "b,sub/../sub/b.wav,Hello,no,ann,monday,30,\n"
            "a,a.wav,,,,,,calm\n",
            "a.wav": "",
            "sub/b.wav": "",
        }
    )
    first, second = read_listing("mine", make_params({"mine": "column"})).entries
    place = "data/raw/mine/manifest.csv, row "
    assert first == Entry("a", Recording("a.wav"), place + "3", attributes={"mood": "calm"})
    assert second == Entry("b", Recording("sub/b.wav"), place + "2", "Hello", False, "ann", "monday", {"age": "30"})


def test_two_sides_and_ids_that_collide(put: Any, make_params: Any) -> None:
    put({"members/x.wav": "", "members/only.wav": "", "non_members/deep/y.flac": "", "non_members/x.ogg": ""})
    entries = read_listing("mine", make_params({"mine": "folders"})).entries
    assert [(entry.clip_id, entry.path, entry.member) for entry in entries] == [
        ("deep/y", "non_members/deep/y.flac", False),
        ("members/x", "members/x.wav", True),
        ("non_members/x", "non_members/x.ogg", False),
        ("only", "members/only.wav", True),
    ]


def test_a_manifest_on_each_side_through_links(put: Any, make_params: Any, workplace: Path) -> None:
    for side in ("train", "test"):
        folder = workplace / side
        (folder / "audio").mkdir(parents=True)
        (folder / "audio/1.wav").touch()
        (folder / "manifest.csv").write_text(f"clip_id,path,text,member\n{side}1,audio/1.wav,hi,as noted\n")
    folder = put({"SOURCE.md": ""})
    (folder / "members").symlink_to(workplace / "train")
    (folder / "non_members").symlink_to(workplace / "test")
    entries = read_listing("mine", make_params({"mine": "folders"})).entries
    assert [(entry.clip_id, entry.path, entry.member) for entry in entries] == [
        ("test1", "non_members/audio/1.wav", False),
        ("train1", "members/audio/1.wav", True),
    ]
    assert entries[0].attributes == {"member": "as noted"}  # the column stays as an attribute


def test_plain_audio_has_blank_texts_and_no_members_yet(put: Any, make_params: Any) -> None:
    put({f"{index}.wav": "" for index in range(9)} | {"notes.txt": "", ".hidden.wav": ""})
    entries = read_listing("mine", make_params({"mine": "random_half"})).entries
    assert [entry.clip_id for entry in entries] == [str(index) for index in range(9)]
    assert {entry.member for entry in entries} == {None}
    assert {entry.text for entry in entries} == {""}


HEADER = "clip_id,path,text,member\n"


@pytest.mark.parametrize(
    ("mode", "files", "message"),
    [
        ("column", {}, r"data/raw/mine: missing: put the corpus there"),
        ("column", {"readme.txt": ""}, r"data/raw/mine: no manifest and no audio: add manifest\.csv"),
        ("column", {"a.wav": ""}, r"data/raw/mine/manifest\.csv: missing, so no column 'member' exists"),
        ("column", {"manifest.csv": "clip_id,path,text\na,a,\n"}, r"manifest\.csv: column 'member' is missing"),
        ("random_half", {"manifest.csv": "clip_id,path\na,a\n"}, r"manifest\.csv: column 'text' is missing"),
        ("column", {"manifest.csv": HEADER + "a,a.wav,,perhaps\n"}, r"row 2: column 'member': 'perhaps' is not valid"),
        ("column", {"manifest.csv": HEADER + ",a.wav,,1\n"}, r"row 2: column 'clip_id' is blank"),
        ("column", {"manifest.csv": HEADER + "a, ,,1\n"}, r"row 2: column 'path' is blank"),
        ("column", {"manifest.csv": HEADER + "a,b.wav,,1\nc,d.wav,,1\n"}, r"row 2: .*b\.wav is not a file, and 1 more"),
        ("column", {"manifest.csv": HEADER + "a,sub,,1\n", "sub/x": ""}, r"row 2: .*mine/sub is not a file: correct"),
        ("column", {"manifest.csv": HEADER + "a,sub/../../x.wav,,1\n"}, r"row 2: .* leaves the corpus's folder"),
        ("column", {"manifest.csv": HEADER + "a,/etc/hosts,,1\n"}, r"row 2: .* leaves the corpus's folder"),
        (
            "column",
            {"manifest.csv": HEADER + "a,a.wav,,1\nb,b.wav,,1\na,c.wav,,1\n"},
            r"manifest\.csv, row 4: clip_id 'a' is taken by data/raw/mine/manifest\.csv, row 2",
        ),
        ("random_half", {"a.wav": "", "a.flac": ""}, r"clip_id 'a' is taken by data/raw/mine/a\.flac"),
        ("folders", {"members/a.wav": ""}, r"data/raw/mine/non_members: missing: make it"),
        ("folders", {"members/a.wav": "", "non_members/a.txt": ""}, r"mine/non_members: no manifest and no audio"),
    ],
)
def test_what_is_wrong_is_named(put: Any, make_params: Any, mode: str, files: dict[str, str], message: str) -> None:
    put(files)
    with pytest.raises(EarwitnessError, match=message) as error:
        read_listing("mine", make_params({"mine": mode}))
    assert "\n" not in str(error.value)


def test_a_corpus_that_is_not_declared(workplace: Path, make_params: Any) -> None:
    with pytest.raises(EarwitnessError, match=r"params\.yaml: corpora: 'other' is not declared"):
        read_listing("other", make_params({"mine": "column"}))


def test_files_whose_names_look_the_same_are_named(put: Any, make_params: Any) -> None:
    put({unicodedata.normalize(form, "ü.wav"): "" for form in ("NFC", "NFD")} | {"a.wav": ""})
    listing = read_listing("mine", make_params({"mine": "random_half"}))
    assert len(listing.entries) == 3
    assert listing.notes == ["names that differ only by Unicode composition: 1 (ü.wav)"]
