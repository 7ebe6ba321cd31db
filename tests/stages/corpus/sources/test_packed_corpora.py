"""A corpus of packed sounds is, clip by clip, the corpus of the same recordings as files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.core.errors import EarwitnessError
from stages.core.sound.clips import ClipSounds
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main
from tests.stages.corpus.hubserver import hub
from tests.stages.corpus.sources.conftest import Clips
from tests.stages.corpus.sources.packing import write_tar
from tests.stages.corpus.sources.test_huggingface import packed, parquet_shards, save_to_disk
from tests.stages.corpus.sources.test_lhotse import write_manifests, write_shar
from tests.stages.corpus.sources.test_webdataset import samples

COMMIT = "c" * 40


def write_files(clips: Clips, folder: Path) -> None:
    rows = [{"clip_id": clip["clip_id"], "path": f"{clip['clip_id']}.flac"} for clip in clips]
    for row, clip in zip(rows, clips, strict=True):
        (folder / row["path"]).symlink_to(clip["source"])
        row |= {"text": clip["text"], "speaker": clip["speaker"]}
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_webdataset(clips: Clips, folder: Path) -> None:
    write_tar(folder / "train-000000.tar", samples(clips, "txt"))


def write_table(clips: Clips, folder: Path) -> None:
    parquet_shards(packed(clips), folder)


def write_saved(clips: Clips, folder: Path) -> None:
    save_to_disk(packed(clips), folder)


def ingested(name: str, make_params: Any, **keys: str) -> set[tuple[str, str, str, float]]:
    """Return hash, transcript, speaker and length of each clip of a corpus."""
    params = make_params({name: "none"})
    params.corpora[name] = params.corpora[name].model_copy(update=keys)
    main(name, params)
    clips = read_table(Path("data/corpus", name, "clips.parquet")).to_pylist()
    assert read_table(Path("data/corpus", name, "quarantine.parquet")).num_rows == 0
    return {(clip["audio_hash"], clip["text"], clip["speaker"], clip["seconds"]) for clip in clips}


@pytest.fixture
def twelve(clips: Clips, workplace: Path) -> Clips:
    (workplace / "data/raw/files").mkdir(parents=True)
    write_files(clips[::5], workplace / "data/raw/files")
    return clips[::5]


@pytest.mark.parametrize("write", [write_webdataset, write_table, write_saved, write_manifests, write_shar])
def test_layouts(twelve: Clips, workplace: Path, make_params: Any, write: Callable[[Clips, Path], None]) -> None:
    write(twelve, workplace / "data/raw/packed")
    found = ingested("packed", make_params)
    assert len(found) == 12
    assert found == ingested("files", make_params)


def test_a_data_set_of_the_hub(
    twelve: Clips, workplace: Path, make_params: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(twelve, workplace / "there")
    files = {
        path.relative_to(workplace / "there").as_posix(): path.read_bytes() for path in workplace.glob("there/*/*")
    }
    keys = {"dataset": "org/speech", "revision": COMMIT, "part": "train"}
    with hub({f"org/speech@{COMMIT}": files | {"data/test-00000-of-00001.parquet": b"of another part"}}) as (
        address,
        _,
    ):
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("HF_ENDPOINT", address)
        found = ingested("packed", make_params, **keys)
    assert found == ingested("files", make_params)
    assert found == ingested("packed", make_params, **keys), "without a network"


@pytest.mark.parametrize("write", [write_webdataset, write_table, write_saved])
def test_sounds_are_read_where_they_are_packed(
    twelve: Clips, workplace: Path, make_params: Any, write: Callable[[Clips, Path], None]
) -> None:
    write(twelve, workplace / "data/raw/packed")
    ingested("packed", make_params, audio="reference")
    ids = read_table(Path("data/corpus/packed/clips.parquet"), ["clip_id"])["clip_id"].to_pylist()
    sounds = ClipSounds("packed")
    referenced = [sounds[clip_id].tolist() for clip_id in reversed(ids)]
    ingested("packed", make_params)
    sounds = ClipSounds("packed")
    assert referenced == [sounds[clip_id].tolist() for clip_id in reversed(ids)]


def test_a_table_that_changes_after_the_ingest_is_noticed(twelve: Clips, workplace: Path, make_params: Any) -> None:
    folder = workplace / "data/raw/packed"
    parquet_shards(packed(twelve), folder)
    ingested("packed", make_params, audio="reference")
    parquet_shards(packed(twelve[1:] + twelve[:1]), folder)
    clip_id = "data/train-00000-of-00002.parquet/0000001"
    with pytest.raises(EarwitnessError, match=rf"{clip_id}.*not what it was"):
        ClipSounds("packed")[clip_id]
