"""Tables with a column of sounds, as `datasets` writes them: parts, labels, ids, paths, and what cannot be read."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import NoContent, content
from tests.stages.corpus.sources.conftest import Clips, ReadCorpus, told
from tests.stages.corpus.sources.packing import POINTER, heard, toys

AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def packed(clips: Clips, name: str = "audio") -> pa.Table:
    """Return the table that `datasets` makes of clips, with its features."""
    sounds = [{"bytes": Path(clip["source"]).read_bytes(), "path": f"{clip['clip_id']}.flac"} for clip in clips]
    speakers = sorted({clip["speaker"] for clip in clips})
    table = pa.table(
        {
            name: pa.array(sounds, AUDIO),
            "sentence": [clip["text"] for clip in clips],
            "speaker_id": pa.array([speakers.index(clip["speaker"]) for clip in clips], pa.int64()),
            "id": [clip["clip_id"] for clip in clips],
        }
    )
    features = {name: {"_type": "Audio"}, "speaker_id": {"names": speakers, "_type": "ClassLabel"}}
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def write_arrow(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


def write_parquet(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=11)


def save_to_disk(table: pa.Table, folder: Path, shards: int = 2) -> None:
    names = [f"data-{shard:05d}-of-{shards:05d}.arrow" for shard in range(shards)]
    for shard, name in enumerate(names):
        write_arrow(table.take(list(range(shard, len(table), shards))), folder / name)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")


def parquet_shards(table: pa.Table, folder: Path) -> None:
    write_parquet(table.slice(0, 40), folder / "data/train-00000-of-00002.parquet")
    write_parquet(table.slice(40), folder / "data/train-00001-of-00002.parquet")


def whole_parquet(table: pa.Table, folder: Path) -> None:
    write_parquet(table, folder / "default/train/0000.parquet")


def cached_arrow(table: pa.Table, folder: Path) -> None:
    write_arrow(table, folder / "speech/default/0.0.0/speech-train.arrow")


@pytest.mark.parametrize("write", [parquet_shards, whole_parquet, save_to_disk, cached_arrow])
def test_the_clips_of_a_manifest(
    clips: Clips, read_corpus: ReadCorpus, workplace: Path, write: Callable[[pa.Table, Path], None]
) -> None:
    folder = workplace / "data/raw/mine"
    write(packed(clips), folder)
    found = read_corpus()
    assert found.sources == ["huggingface"]
    assert heard(found.entries, folder) == told(clips)
    assert {entry.attributes["id"] for entry in found.entries} == {clip["clip_id"] for clip in clips}
    assert found.set_aside == []


@pytest.fixture
def mine(workplace: Path) -> Path:
    (workplace / "data/raw/mine").mkdir(parents=True)
    return workplace / "data/raw/mine"


@pytest.fixture
def few(tmp_path: Path) -> Clips:
    return toys(tmp_path / "toys")


def test_parts_are_read_off_the_names(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    for number, name in enumerate(["en/train-00000-of-00001", "en/test-00000-of-00001", "de/train-00000-of-00001"]):
        write_parquet(packed(few[: number + 1]), mine / f"{name}.parquet")
    with pytest.raises(EarwitnessError, match=r"has the parts de/train, en/test, en/train: name one as .*'part'"):
        read_corpus()
    with pytest.raises(EarwitnessError, match="several parts end in 'train'"):
        read_corpus(part="train")
    with pytest.raises(EarwitnessError, match="has no part 'dev'"):
        read_corpus(part="dev")
    assert [entry.clip_id for entry in read_corpus(part="test").entries] == [
        "en/test-00000-of-00001.parquet/0000001",
        "en/test-00000-of-00001.parquet/0000002",
    ]
    assert len(read_corpus(part="en/*").entries) == 3
    assert {entry.attributes["split"] for entry in read_corpus(part="*").entries} == {"de/train", "en/test", "en/train"}


def test_a_dictionary_of_data_sets(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    for part in ("train", "test"):
        save_to_disk(packed(few), mine / part, 1)
    (mine / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert len(read_corpus(part="test").entries) == 4


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("audio", {"bytes": None, "path": "sounds/1.flac"}),
        ("audio", {"bytes": None, "path": "/home/ann/corpus/sounds/1.flac"}),
        ("speech", "BYTES"),
        ("my sounds", {"bytes": "BYTES", "path": "1.flac"}),
        ("audio", {"path": None, "array": "ARRAY", "sampling_rate": 16000}),
    ],
)
def test_sounds_in_other_forms(mine: Path, read_corpus: ReadCorpus, few: Clips, column: str, value: Any) -> None:
    (mine / "sounds").mkdir()
    (mine / "sounds/1.flac").symlink_to(few[1]["source"])
    forms = {"BYTES": Path(few[1]["source"]).read_bytes(), "ARRAY": soundfile.read(few[1]["source"])[0].tolist()}
    filled = (
        {key: forms.get(one, one) if isinstance(one, str) else one for key, one in value.items()}
        if (isinstance(value, dict))
        else forms[value]
    )
    write_parquet(
        pa.Table.from_pylist([{column: filled, "text": "one", "pixels": {"image": b"1"}}]), mine / "0.parquet"
    )
    (entry,) = read_corpus(source="huggingface").entries
    sound = content(mine, entry.recording)
    data, _ = soundfile.read(sound if isinstance(sound, Path) else io.BytesIO(sound))
    assert data.tolist() == forms["ARRAY"]


def test_which_of_several_columns_holds_the_sounds(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    sounds = packed(few)["audio"]
    for columns, chosen in [(("noisy", "audio"), "audio"), (("image", "first"), "first")]:
        write_parquet(pa.table({name: sounds for name in columns} | {"text": ["a"] * 4}), mine / "0.parquet")
        assert {entry.recording.column for entry in read_corpus().entries} == {chosen}
    write_parquet(pa.table({"left": sounds, "right": sounds, "text": ["a"] * 4}), mine / "0.parquet")
    with pytest.raises(EarwitnessError, match=r"left, right may each hold the sounds: say which .*\{path: left\}"):
        read_corpus()
    found = read_corpus(columns={"path": "right"})
    assert {entry.recording.column for entry in found.entries} == {"right"}
    assert [note for note in found.notes if "right" in note and "not read" in note] == []


def test_ids_of_ones_own(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    write_parquet(packed(few), mine / "0.parquet")
    assert [entry.clip_id for entry in read_corpus(columns={"clip_id": "id"}).entries] == ["0", "1", "2", "3"]


def test_a_label_that_is_not_known_is_blank(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    table = packed(few)
    unknown = table.set_column(2, "speaker_id", pa.array([-1, 0, None, 9]))
    write_parquet(unknown, mine / "0.parquet")
    assert [entry.speaker for entry in read_corpus().entries] == [None, "s0", None, None]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda whole: whole[: len(whole) // 2], "cannot be read"),
        (lambda whole: POINTER, "a pointer of Git LFS"),
        (lambda whole: b"", "cannot be read"),
    ],
)
def test_a_damaged_table(
    mine: Path, read_corpus: ReadCorpus, few: Clips, damage: Callable[[bytes], bytes], reason: str
) -> None:
    write_parquet(packed(few), mine / "0000.parquet")
    (mine / "0000.parquet").write_bytes(damage((mine / "0000.parquet").read_bytes()))
    with pytest.raises(EarwitnessError, match=rf"0000.parquet: no clip can be taken from the tables.*{reason}"):
        read_corpus()
    write_parquet(packed(few), mine / "0001.parquet")
    found = read_corpus(source="huggingface")
    assert len(found.entries) == 4
    assert [row.path for row in found.set_aside] == ["0000.parquet"]


def test_a_page_that_is_damaged_is_found_when_the_cell_is_read(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    write_parquet(packed(few), mine / "0.parquet")
    whole = bytearray((mine / "0.parquet").read_bytes())
    whole[4:600] = bytes(596)
    (mine / "0.parquet").write_bytes(whole)
    entries = read_corpus().entries
    with pytest.raises(NoContent, match="cannot be read"):
        content(mine, entries[0].recording)


def test_tables_without_rows_or_sounds(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    write_parquet(packed(few).slice(0, 0), mine / "0000.parquet")
    with pytest.raises(EarwitnessError, match="no clips in its tables with sounds: every file is empty"):
        read_corpus()
    write_parquet(packed(few), mine / "0001.parquet")
    write_parquet(pa.table({"text": ["a"]}), mine / "0002.parquet")
    found = read_corpus()
    assert len(found.entries) == 4
    assert any("0000.parquet: has no rows" in note for note in found.notes)
    assert [(row.path, row.reason) for row in found.set_aside] == [
        ("0002.parquet", "has no column of sounds (there is text)")
    ]


def test_a_saved_data_set_that_is_not_whole(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    save_to_disk(packed(few), mine)
    (mine / "data-00001-of-00002.arrow").unlink()
    found = read_corpus()
    assert len(found.entries) == 2
    assert [(row.path, row.reason) for row in found.set_aside] == [("data-00001-of-00002.arrow", "missing")]
    (mine / "state.json").write_text('{"_data_files": [], "_indices_data_files": [{"filename": "i.arrow"}]}')
    with pytest.raises(EarwitnessError, match="chooses rows by an index"):
        read_corpus()
    (mine / "state.json").write_text("[]")
    with pytest.raises(EarwitnessError, match="not the state that save_to_disk writes"):
        read_corpus()


def test_a_list_in_parquet_is_no_table_of_sounds(mine: Path, read_corpus: ReadCorpus, few: Clips) -> None:
    (mine / "0.flac").symlink_to(few[0]["source"])
    write_parquet(pa.table({"file_name": ["0.flac"], "text": ["one"]}), mine / "metadata.parquet")
    assert read_corpus().sources == ["audio_folder"]
