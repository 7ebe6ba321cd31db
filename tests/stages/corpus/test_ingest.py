"""From recordings to clips: usable recordings, recordings in quarantine, and files that stop the stage."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import RATE, audio_hash, decode_flac
from stages.core.sound.recordings import Recording
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main
from stages.corpus.ingest import Rejected, ingest
from stages.corpus.params import Ingest

LIMITS = Ingest(min_seconds=0.2, max_seconds=5, unreadable="stop")
TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)


def tables(name: str) -> tuple[pa.Table, pa.Table]:
    folder = Path("data/corpus", name)
    return read_table(folder / "clips.parquet"), read_table(folder / "quarantine.parquet")


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (3000 * TONE, RATE, r"far beyond full scale, which is 1 \(peak [\d.e+]+\): divide the samples"),
        (TONE[:1600], RATE, r"shorter than corpus\.min_seconds \(0\.100 s\)"),
        (np.tile(TONE, 6), RATE, r"longer than corpus\.max_seconds \(6\.000 s of 5 s\)"),
        (TONE[:0], RATE, "no samples"),
        (TONE * 0, RATE, "silent"),
        (np.column_stack([TONE, -TONE]), RATE, "channels cancel"),
        (np.where(TONE > 0.29, np.nan, TONE), RATE, "not finite"),
        (np.where(TONE > 0.29, np.inf, TONE), RATE, "not finite"),
    ],
)
def test_what_is_unusable_has_its_reason(tmp_path: Path, samples: Any, rate: int, reason: str) -> None:
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    answer = ingest(Recording("a.wav"), tmp_path, LIMITS, "mix")
    assert isinstance(answer, Rejected)
    assert not answer.unreadable
    with pytest.raises(ValueError, match=reason):
        raise ValueError(answer.reason)


@pytest.mark.parametrize(("name", "content"), [("a.wav", b"RIFF but no sound"), ("a.mp3", b""), ("a.raw", b"1234")])
def test_what_is_not_audio_is_told_apart(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    answer = ingest(Recording(name), tmp_path, LIMITS, "mix")
    assert isinstance(answer, Rejected)
    assert answer.unreadable
    assert str(tmp_path) not in answer.reason


@pytest.mark.parametrize(
    ("rate", "channels", "name", "subtype"),
    [
        (8_000, 1, "a.wav", "PCM_16"),
        (44_100, 2, "a.flac", "PCM_24"),
        (48_000, 1, "a.ogg", "VORBIS"),
        (16_000, 2, "a.wav", "ULAW"),
        (44_100, 1, "a.mp3", "MPEG_LAYER_III"),
    ],
)
def test_every_format_becomes_the_same_kind_of_clip(
    tmp_path: Path, rate: int, channels: int, name: str, subtype: str
) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    soundfile.write(tmp_path / name, np.column_stack([tone] * channels), rate, subtype=subtype)
    clip = ingest(Recording(name), tmp_path, LIMITS, "mix")
    assert isinstance(clip, dict)
    samples = decode_flac(clip["audio"])
    assert clip["seconds"] == len(samples) / RATE == pytest.approx(1.0, abs=0.1)
    assert clip["audio_hash"] == audio_hash(samples)
    assert (clip["source"]["rate"], clip["source"]["channels"]) == (rate, channels)
    assert clip["source"]["subtype"] == subtype
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.06)


def test_the_artifact_holds_what_was_brought(bring: Any, make_params: Any) -> None:
    bring("mine", 5, age="30")
    main("mine", make_params({"mine": "column"}))
    clips, quarantine = tables("mine")
    assert clips.schema == CLIPS_SCHEMA
    assert quarantine.num_rows == 0
    first = clips.to_pylist()[0]
    assert first["clip_id"] == "mine_000"
    assert (first["member"], first["speaker"], first["session"], first["seconds"]) == (False, "s0", None, 1.0)
    assert first["attributes"] == [("age", "30")]
    assert clips["member"].to_pylist() == [False, True, False, True, False]


def test_the_number_of_workers_changes_no_byte(bring: Any, make_params: Any) -> None:
    bring("mine", 40)
    written = []
    for workers in (1, 2):
        main("mine", make_params({"mine": "random_half"}, compute={"workers": workers}))
        written.append(Path("data/corpus/mine/clips.parquet").read_bytes())
    assert written[0] == written[1]


def test_workers_started_elsewhere_find_the_recordings(
    bring: Any, make_params: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = make_params({"mine": "random_half"}, compute={"workers": 2})
    bring("mine", 20)
    main("mine", params)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Path("data").rename(elsewhere / "data")
    monkeypatch.chdir(elsewhere)  # the workers of the first run are still there
    main("mine", params)
    assert tables("mine")[0].num_rows == 20


def test_a_file_that_is_not_audio_stops_and_leaves_nothing(bring: Any, make_params: Any) -> None:
    folder = bring("mine", 4)
    for index in (1, 2):
        (folder / f"audio/{index}.wav").write_text("no sound")
    with pytest.raises(EarwitnessError) as error:
        main("mine", make_params({"mine": "column"}))
    message = str(error.value)
    assert message.startswith("data/raw/mine/manifest.csv, row 3: data/raw/mine/audio/1.wav: not audio")
    assert "and 1 more" in message
    assert "params.yaml: corpus.unreadable" in message
    assert [path for path in Path("data/corpus").rglob("*") if path.is_file()] == []


def test_or_goes_to_quarantine_if_params_say_so(bring: Any, make_params: Any) -> None:
    folder = bring("mine", 4)
    (folder / "audio/1.wav").write_text("no sound")
    soundfile.write(folder / "audio/2.wav", TONE[:100], RATE)
    main("mine", make_params({"mine": "column"}, corpus={"unreadable": "quarantine"}))
    clips, quarantine = tables("mine")
    assert clips["clip_id"].to_pylist() == ["mine_000", "mine_003"]
    assert quarantine["clip_id"].to_pylist() == ["mine_001", "mine_002"]
    assert quarantine["path"].to_pylist() == ["audio/1.wav", "audio/2.wav"]
    assert [reason.split()[0] for reason in quarantine["reason"].to_pylist()] == ["not", "shorter"]


def test_a_corpus_of_nothing_usable_is_an_error(bring: Any, make_params: Any) -> None:
    bring("mine", 2)
    with pytest.raises(EarwitnessError, match=r"data/raw/mine: no usable clip among 2 \(audio/0\.wav: shorter than"):
        main("mine", make_params({"mine": "column"}, corpus={"min_seconds": 3}))


def test_real_recordings_through_links(speech: Path, workplace: Path, make_params: Any) -> None:
    folder = workplace / "data/raw/libri"
    folder.mkdir(parents=True)
    (folder / "members").symlink_to(speech / "librispeech_tc100_3spk")
    (folder / "non_members").symlink_to(speech / "librispeech_testother")
    main("libri", make_params({"libri": "folders"}))
    clips, quarantine = tables("libri")
    assert clips.num_rows + quarantine.num_rows == sum(
        len((folder / side / "manifest.csv").read_text().splitlines()) - 1 for side in ("members", "non_members")
    )
    assert {True, False} == set(clips["member"].to_pylist())
    assert min(source["bandwidth"] for source in clips["source"].to_pylist()) > 7000
