"""WebDataset: tars of keys with a sound, a transcript and JSON; what is damaged or incomplete has a true reason."""

import json
from pathlib import Path

import pytest

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import content
from tests.stages.corpus.sources.conftest import Clips, ReadCorpus, told
from tests.stages.corpus.sources.packing import POINTER, heard, toys, write_tar

WAV = b"RIFF and a sound"


def samples(clips: Clips, kind: str) -> list[tuple[str, bytes]]:
    found = []
    for clip in clips:
        values = {"speaker": clip["speaker"], "sentence" if kind == "json" else "note": clip["text"]}
        found.append((f"{clip['clip_id']}.json", json.dumps(values).encode()))
        found.append((f"{clip['clip_id']}.flac", Path(clip["source"]).read_bytes()))
        if kind != "json":
            found.append((f"{clip['clip_id']}.{kind}", clip["text"].encode() + b"\n"))
    return found


@pytest.mark.parametrize("kind", ["txt", "transcript", "json"])
def test_the_clips_of_a_manifest(clips: Clips, read_corpus: ReadCorpus, workplace: Path, kind: str) -> None:
    folder = workplace / "data/raw/mine"
    for shard in range(3):
        write_tar(folder / f"deep/speech-{shard:06d}.tar", samples(clips[shard::3], kind))
    found = read_corpus(columns={"text": "sentence"} if kind == "json" else {})
    assert found.sources == ["webdataset"]
    assert heard(found.entries, folder) == told(clips)
    assert len({entry.clip_id for entry in found.entries}) == 60
    assert found.set_aside == []


@pytest.fixture
def mine(workplace: Path) -> Path:
    return workplace / "data/raw/mine"


def test_keys_columns_and_members_of_other_kinds(mine: Path, read_corpus: ReadCorpus) -> None:
    write_tar(
        mine / "0.tar",
        {
            "./a/1.WAV": WAV,
            "./a/1.json": b'{"who": {"speaker": 1089.0, "ages": [3]}, "text": "one", "cut": null}',
            "./a/1.cls": b"7\n",
            "./a/1.pyd": b"\xff\xfe\xfd",
            "a/2.left.flac": WAV,
            "a/2.text": b"two",
            "a/3.sound": b"fLaC\0under another name",
            "a/.hidden.txt": b"",
        },
    )
    found = read_corpus(columns={"speaker": "who.speaker"})
    one, two, three = found.entries
    assert [entry.clip_id for entry in found.entries] == ["0.tar/a/1", "0.tar/a/2", "0.tar/a/3"]
    assert (one.text, one.speaker, one.attributes) == ("one", "1089", {"cls": "7"})
    assert (two.text, three.text) == ("two", "")
    assert content(mine, three.recording) == b"fLaC\0under another name"
    assert any("members that are not read: .pyd" in note for note in found.notes)
    assert any("'who.ages' holds a list" in note for note in found.notes)


@pytest.mark.parametrize("text", ["FORMERLY SO", "caffeine", "RIFFRAFF", "ID3 is a tag"])
def test_a_transcript_that_begins_as_sound_does_is_text(mine: Path, read_corpus: ReadCorpus, text: str) -> None:
    write_tar(mine / "0.tar", {"1.wav": WAV, "1.txt": text.encode()})
    (found,) = read_corpus().entries
    assert found.text == text


def test_what_is_no_clip_has_a_reason(mine: Path, read_corpus: ReadCorpus) -> None:
    write_tar(
        mine / "0.tar",
        [
            ("good.wav", WAV),
            ("good.txt", b"fine"),
            ("silent.txt", b"no sound"),
            ("twice.wav", WAV),
            ("twice.mp3", b"ID3"),
            ("empty.wav", b""),
            ("latin.wav", WAV),
            ("latin.txt", b"\xe9t\xe9"),
            ("broken.wav", WAV),
            ("broken.json", b'{"text": '),
            ("list.wav", WAV),
            ("list.json", b"[1]"),
            ("two.wav", WAV),
            ("two.txt", b"one"),
            ("two.txt", b"another"),
        ],
    )
    found = read_corpus()
    assert [entry.clip_id for entry in found.entries] == ["0.tar/good"]
    assert {row.clip_id: row.reason for row in found.set_aside} == {
        "0.tar/silent": "a key without a sound (it has txt)",
        "0.tar/twice": "2 sounds for one key: twice.wav, twice.mp3",
        "0.tar/empty": "0 bytes",
        "0.tar/latin": "latin.txt is not UTF-8",
        "0.tar/broken": "broken.json is not a JSON object",
        "0.tar/list": "list.json is not a JSON object",
        "0.tar/two": "two members give 'txt' different values",
    }


def test_equal_keys_in_two_shards_are_two_clips(mine: Path, read_corpus: ReadCorpus) -> None:
    for shard in "ab":
        write_tar(mine / f"{shard}.tar", {"1.wav": WAV, "1.txt": b"one"})
    assert [entry.clip_id for entry in read_corpus().entries] == ["a.tar/1", "b.tar/1"]


def test_shards_of_several_parts(mine: Path, read_corpus: ReadCorpus) -> None:
    for part in ("train", "test"):
        for shard in range(2):
            write_tar(mine / f"{part}/{shard:06d}.tar", {f"{part}.wav": WAV, f"{part}.txt": b"one"})
    with pytest.raises(EarwitnessError, match="has the parts test, train: name one"):
        read_corpus()
    assert {entry.attributes["split"] for entry in read_corpus(part="test").entries} == {"test"}
    assert len(read_corpus(part="*").entries) == 4


def damaged(kind: str, whole: bytes) -> bytes:
    return {
        "cut in a sound": whole[: 512 * 5 + 3],
        "cut between": whole[: 512 * 4],
        "no tar": b"text" * 600,
        "pointer": POINTER,
        "empty": b"",
        "joined": whole + whole,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "clips_left", "reason"),
    [
        ("cut in a sound", 1, r"cut short inside of b\.wav: it and what followed are lost"),
        ("cut between", 1, "cut short: it has no end mark"),
        ("no tar", 0, r"not a whole tar \(invalid header\)"),
        ("pointer", 0, "a pointer of Git LFS"),
        ("empty", 0, "empty: 0 bytes"),
        ("joined", 2, "goes on after its end mark"),
    ],
)
def test_damaged_shards(mine: Path, read_corpus: ReadCorpus, kind: str, clips_left: int, reason: str) -> None:
    sound = WAV * 20
    write_tar(mine / "b.tar", {"a.wav": sound, "a.txt": b"one", "b.wav": sound * 3, "b.txt": b"two"})
    (mine / "b.tar").write_bytes(damaged(kind, (mine / "b.tar").read_bytes()))
    if not clips_left:
        with pytest.raises(EarwitnessError, match=f"b.tar: no clip can be taken .*{reason}"):
            read_corpus()
    write_tar(mine / "a.tar", {"c.wav": sound, "c.txt": b"three"})
    found = read_corpus()
    assert len(found.entries) == 1 + clips_left
    (row,) = found.set_aside
    with pytest.raises(ValueError, match=reason):
        raise ValueError(row.reason)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_shard_says_what_to_do(mine: Path, read_corpus: ReadCorpus, mode: str) -> None:
    write_tar(mine / f"a.tar.{mode[2:]}", {"a.wav": WAV, "a.txt": b"one"}, mode)
    with pytest.raises(EarwitnessError, match=r"compressed by .*: decompress it"):
        read_corpus()


def test_a_tar_without_clips(mine: Path, read_corpus: ReadCorpus) -> None:
    write_tar(mine / "a.tar", {})
    with pytest.raises(EarwitnessError, match="no clips in its tars"):
        read_corpus()
    write_tar(mine / "a.tar", {"a.txt": b"one", "b.txt": b"two"})
    with pytest.raises(EarwitnessError, match=r"a key without a sound \(it has txt\), and 1 more"):
        read_corpus()


def test_a_tar_beside_recordings_is_not_taken_for_them(mine: Path, read_corpus: ReadCorpus, tmp_path: Path) -> None:
    for clip in toys(tmp_path / "toys", 2):
        mine.mkdir(parents=True, exist_ok=True)
        (mine / f"{clip['clip_id']}.flac").symlink_to(clip["source"])
    write_tar(mine / "backup.tar.gz", {"a.wav": WAV}, "w:gz")
    assert read_corpus().sources == ["audio_files"]


def test_ids_of_ones_own(mine: Path, read_corpus: ReadCorpus) -> None:
    write_tar(mine / "a.tar", {"1.wav": WAV, "1.json": b'{"utt": "x7", "text": "one"}'})
    assert [entry.clip_id for entry in read_corpus(columns={"clip_id": "utt"}).entries] == ["x7"]
