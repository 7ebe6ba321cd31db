"""Each layout, built from real recordings, gives the clips, transcripts and speakers of their manifest."""

import csv
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.stages.corpus.sources.conftest import Clips, ReadCorpus, seen, told

COLUMNS = ("clip_id", "path", "text", "speaker")


def put(folder: Path, clips: Clips, name: str = "audio/{clip_id}.flac") -> None:
    for clip in clips:
        path = folder / name.format(**clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(clip["source"])


def rows_of(clips: Clips, names: dict[str, str]) -> list[dict[str, str]]:
    return [{name: clip[column] for column, name in names.items()} for clip in clips]


def write_table(file: Path, rows: list[dict[str, str]], delimiter: str = ",") -> None:
    with file.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_list(file: Path, rows: list[dict[str, str]]) -> None:
    kind = file.suffix.lower()
    if kind == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif kind == ".json":
        file.write_text(json.dumps({"version": 2, "data": rows}))
    elif kind == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        write_table(file, rows, "\t" if kind == ".tsv" else ";" if file.stem == "MANIFEST" else ",")


@pytest.mark.parametrize(
    "name",
    ["manifest.csv", "MANIFEST.CSV", "Manifest.tsv", "manifest.jsonl", "manifest.JSON", "manifest.parquet", "data.csv"],
)
def test_manifest(clips: Clips, read_corpus: ReadCorpus, workplace: Path, name: str) -> None:
    folder = workplace / "data/raw/mine"
    put(folder, clips)
    write_list(folder / name, rows_of(clips, {column: column for column in COLUMNS}))
    found = read_corpus()
    assert {entry.clip_id for entry in found.entries} == {clip["clip_id"] for clip in clips}
    assert seen(found.entries, folder) == told(clips)
    assert found.sources == ["manifest"]
    assert found.set_aside == []


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_audio_folder(clips: Clips, read_corpus: ReadCorpus, workplace: Path, kind: str) -> None:
    folder = workplace / "data/raw/mine"
    for split, part in (("train", clips[:40]), ("test", clips[40:])):
        put(folder / split, part, "{clip_id}.flac")
        named = [clip | {"file": clip["clip_id"] + ".flac"} for clip in part]
        rows = rows_of(named, {"file": "file_name", "text": "transcription", "speaker": "speaker_id"})
        write_list(folder / split / f"metadata.{kind}", rows)
    found = read_corpus()
    assert seen(found.entries, folder) == told(clips)
    assert len(found.entries) == 60
    assert found.sources == ["audio_folder"]
    assert any("'transcription' is read as text, 'speaker_id' is read as speaker" in note for note in found.notes)
    assert seen(read_corpus(part="test").entries, folder) == told(clips[40:])


def test_librispeech(clips: Clips, read_corpus: ReadCorpus, workplace: Path) -> None:
    folder = workplace / "data/raw/mine"
    bare = [clip | {"id": clip["clip_id"][3:], "reader": clip["speaker"][3:]} for clip in clips]
    chapters: dict[str, Clips] = {}
    for clip in bare:
        chapters.setdefault(clip["id"].rpartition("-")[0], []).append(clip)
    for chapter, part in chapters.items():
        place = folder / "LibriSpeech/test-other" / chapter.replace("-", "/")
        put(place, part, "{id}.flac")
        (place / f"{chapter}.trans.txt").write_text("".join(f"{clip['id']} {clip['text']}\n" for clip in part))
    readers = sorted({(clip["reader"], clip["gender"][0].upper()) for clip in bare})
    lines = [f"{reader} | {gender} | test-other | 8.1 | A Name\n" for reader, gender in readers]
    (folder / "LibriSpeech/SPEAKERS.TXT").write_text("; ID | SEX | SUBSET\n" + "".join(lines))
    found = read_corpus()
    assert seen(found.entries, folder) == told([clip | {"speaker": clip["reader"]} for clip in bare])
    assert {entry.clip_id: entry.attributes["gender"] for entry in found.entries} == {
        clip["id"]: clip["gender"] for clip in bare
    }
    assert {entry.session for entry in found.entries} == {chapter.partition("-")[2] for chapter in chapters}
    assert found.sources == ["librispeech"]


@pytest.fixture
def common(clips: Clips) -> list[dict[str, str]]:
    """Rows as Common Voice has them, with quotes that are part of the text."""
    return [
        {
            "client_id": clip["speaker"],
            "path": clip["clip_id"] + ".flac",
            "sentence": f'"{clip["text"]}" he said',
            "gender": clip["gender"],
            "up_votes": "2",
        }
        for clip in clips
    ]


def write_raw(file: Path, rows: list[dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join("\t".join(line) + "\n" for line in [list(rows[0]), *(row.values() for row in rows)]))


def quoted(clips: Clips) -> Clips:
    return [clip | {"text": f'"{clip["text"]}" he said'} for clip in clips]


def test_common_voice(clips: Clips, common: list[dict[str, str]], read_corpus: ReadCorpus, workplace: Path) -> None:
    folder = workplace / "data/raw/mine"
    language = folder / "cv-corpus-24.0-2025-12-05/en"
    put(language / "clips", clips, "{clip_id}.flac")
    for part, rows in {"validated": common, "dev": common[:5], "other": common[5:7]}.items():
        write_raw(language / f"{part}.tsv", rows)
    found = read_corpus()
    assert seen(found.entries, folder) == told(quoted(clips))
    assert found.entries[0].attributes.keys() == {"gender", "up_votes"}
    assert found.sources == ["common_voice"]
    assert len(read_corpus(part="dev").entries) == 5


@pytest.mark.parametrize("tars", [False, True])
def test_common_voice_of_the_hub(
    clips: Clips, common: list[dict[str, str]], read_corpus: ReadCorpus, workplace: Path, tars: bool
) -> None:
    folder = workplace / "data/raw/mine"
    shard = folder / "audio/en/train/en_train_0"
    write_raw(folder / "transcript/en/train.tsv", common)
    if tars:
        shard.parent.mkdir(parents=True)
        with tarfile.open(f"{shard}.tar", "w") as tar:
            for clip in clips:
                tar.add(clip["source"], f"en_train_0/{clip['clip_id']}.flac")
    else:
        put(shard, clips, "{clip_id}.flac")
    found = read_corpus(part="train")
    sounds = set()
    for entry in found.entries:
        content = (folder / entry.path).read_bytes()
        start, size = entry.recording.offset or 0, entry.recording.size or len(content)
        sounds.add((content[start : start + size], entry.text, entry.speaker))
    assert sounds == told(quoted(clips))


def test_kaldi(clips: Clips, read_corpus: ReadCorpus, workplace: Path) -> None:
    folder = workplace / "data/raw/mine"
    put(folder, clips)

    def write(name: str, form: str) -> None:
        (folder / name).write_text("".join(form.format(**clip, sex=clip["gender"][0]) + "\n" for clip in clips))

    write("wav.scp", "{clip_id} audio/{clip_id}.flac")
    write("text", "{clip_id} {text}")
    write("utt2spk", "{clip_id} {speaker}")
    genders = {clip["speaker"]: clip["gender"][0] for clip in clips}
    (folder / "spk2gender").write_text("".join(f"{speaker} {gender}\n" for speaker, gender in genders.items()))
    found = read_corpus()
    assert {entry.clip_id for entry in found.entries} == {clip["clip_id"] for clip in clips}
    assert seen(found.entries, folder) == told(clips)
    assert {entry.clip_id: entry.attributes for entry in found.entries} == {
        clip["clip_id"]: {"gender": clip["gender"]} for clip in clips
    }
    assert found.sources == ["kaldi"]


def test_nemo_with_paths_of_another_machine(clips: Clips, read_corpus: ReadCorpus, workplace: Path) -> None:
    folder = workplace / "data/raw/mine"
    put(folder, clips)
    moved = [clip | {"moved": f"/not/here/corpus/audio/{clip['clip_id']}.flac"} for clip in clips]
    rows = rows_of(moved, {"moved": "audio_filepath", "text": "text", "speaker": "speaker"})
    timed = [json.dumps(row | {"duration": 2.5}) + "\n" for row in rows]
    (folder / "train_manifest.json").write_text("".join(timed))
    found = read_corpus()
    assert seen(found.entries, folder) == told(clips)
    assert {(entry.recording.start, entry.recording.end) for entry in found.entries} == {(None, None)}
    assert found.sources == ["nemo"]
    assert any("begin with '/not/here/corpus/'" in note and note.endswith(": 60") for note in found.notes)


def test_a_folder_that_is_linked_is_read_through_the_link(
    clips: Clips, read_corpus: ReadCorpus, workplace: Path
) -> None:
    put(workplace / "elsewhere", clips)
    write_list(workplace / "elsewhere/manifest.csv", rows_of(clips, {column: column for column in COLUMNS}))
    (workplace / "data/raw/mine").mkdir(parents=True)
    (workplace / "data/raw/mine/recordings").symlink_to(workplace / "elsewhere")
    found = read_corpus()
    assert seen(found.entries, workplace / "data/raw/mine") == told(clips)
    assert found.entries[0].path.startswith("recordings/audio/")
