"""Manifests and Shar of lhotse: written by hand in its format, and by lhotse itself where it is installed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from tests.stages.corpus.sources.conftest import Clips, ReadCorpus, told
from tests.stages.corpus.sources.packing import POINTER, heard, toys, write_lines, write_tar

Json = dict[str, Any]


def recording(clip: dict[str, str], source: str = "", **more: Any) -> Json:
    info = soundfile.info(clip["source"])
    return {
        "id": clip["clip_id"],
        "sources": [{"type": "file", "channels": [0], "source": source or f"audio/{clip['clip_id']}.flac"}],
        "sampling_rate": info.samplerate,
        "num_samples": info.frames,
        "duration": info.frames / info.samplerate,
        "channel_ids": [0],
        **more,
    }


def supervision(clip: dict[str, str], **more: Any) -> Json:
    return {
        "id": f"{clip['clip_id']}-s",
        "recording_id": clip["clip_id"],
        "start": 0.0,
        "duration": recording(clip)["duration"],
        "channel": 0,
        "text": clip["text"],
        "speaker": clip["speaker"],
        **more,
    }


def cut(clip: dict[str, str], **more: Any) -> Json:
    length = recording(clip)["duration"]
    whole = {"id": f"{clip['clip_id']}-0", "start": 0, "duration": length, "channel": 0, "type": "MonoCut"}
    return {**whole, "supervisions": [supervision(clip)], "recording": recording(clip), **more}


def link(clips: Clips, folder: Path) -> None:
    folder.mkdir(parents=True)
    for clip in clips:
        (folder / f"{clip['clip_id']}.flac").symlink_to(clip["source"])


def write_manifests(clips: Clips, folder: Path) -> None:
    link(clips, folder / "LibriSpeech/test-other")
    where = "/home/ann/corpora/LibriSpeech/test-other"
    recordings = (recording(clip, f"{where}/{clip['clip_id']}.flac") for clip in clips)
    write_lines(folder / "librispeech_recordings_test-other.jsonl.gz", recordings)
    write_lines(folder / "librispeech_supervisions_test-other.jsonl.gz", map(supervision, clips))


def write_cuts(clips: Clips, folder: Path) -> None:
    link(clips, folder / "audio")
    write_lines(folder / "cuts.jsonl", map(cut, clips))


def write_relative(clips: Clips, folder: Path) -> None:
    link(clips, folder / "test-other")
    recordings = (recording(clip, f"download/LibriSpeech/test-other/{clip['clip_id']}.flac") for clip in clips)
    write_lines(folder / "manifests/recordings.jsonl.gz", recordings)
    write_lines(folder / "manifests/supervisions.jsonl.gz", map(supervision, clips))


def in_shar(clip: dict[str, str], **more: Any) -> Json:
    placeholder = {"sources": [{"type": "shar", "channels": [0], "source": ""}]}
    return cut(clip, recording=recording(clip) | placeholder, **more)


def members(clips: Clips) -> list[tuple[str, bytes]]:
    found = []
    for clip in clips:
        name = f"{clip['clip_id']}-0"
        found.append((f"{name}.flac", Path(clip["source"]).read_bytes()))
        found.append((f"{name}.json", json.dumps(in_shar(clip)["recording"]).encode()))
    return found


def write_shar(clips: Clips, folder: Path) -> None:
    for shard in range(2):
        write_lines(folder / f"cuts.{shard:06d}.jsonl.gz", map(in_shar, clips[shard::2]))
        write_tar(folder / f"recording.{shard:06d}.tar", members(clips[shard::2]))


def write_pointing_shar(clips: Clips, folder: Path) -> None:
    link(clips, folder / "audio")
    write_lines(folder / "cuts.000000.jsonl.gz", map(in_shar, clips))
    fields = ({"cut_id": f"{clip['clip_id']}-0", "recording": recording(clip)} for clip in clips)
    write_lines(folder / "recording.000000.jsonl.gz", fields)


WRITERS = [write_manifests, write_cuts, write_relative, write_shar, write_pointing_shar]


@pytest.mark.parametrize("write", WRITERS)
def test_the_clips_of_a_manifest(
    clips: Clips, read_corpus: ReadCorpus, workplace: Path, write: Callable[[Clips, Path], None]
) -> None:
    folder = workplace / "data/raw/mine"
    write(clips, folder)
    found = read_corpus()
    assert found.sources == ["lhotse"]
    assert heard(found.entries, folder) == told(clips)
    assert len(found.entries) == 60
    assert found.set_aside == []


@pytest.fixture
def mine(workplace: Path) -> Path:
    return workplace / "data/raw/mine"


@pytest.fixture
def few(tmp_path: Path, mine: Path) -> Clips:
    found = toys(tmp_path / "toys")
    link(found, mine / "audio")
    return found


def test_speakers_of_a_call_are_clips(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    call = recording(few[0])
    turns = [
        supervision(few[0], id="a", start=0.0, duration=0.2, speaker="ann", text="one", custom={"mood": "calm"}),
        supervision(few[0], id="b", start=0.2, duration=0.3, speaker="ben", text="two", language="de"),
    ]
    write_lines(mine / "recordings.jsonl", [call])
    write_lines(mine / "supervisions.jsonl", turns)
    one, two = read_corpus().entries
    assert one.recording == Recording("audio/0.flac", start=0.0, end=0.2)
    assert two.recording == Recording("audio/0.flac", start=0.2, end=0.5)
    assert [(entry.clip_id, entry.speaker, entry.text, entry.session) for entry in (one, two)] == [
        ("a", "ann", "one", "0"),
        ("b", "ben", "two", "0"),
    ]
    assert (one.attributes, two.attributes) == ({"mood": "calm"}, {"language": "de"})


def test_supervisions_in_cuts_count_from_the_cut(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    inner = [
        supervision(few[0], id="x", start=0.0, duration=0.1, text="one"),
        supervision(few[0], id="y", start=0.1, duration=0.1, text="two"),
        supervision(few[0], id="z", start=0.1, duration=0.5, text="beyond"),
    ]
    cuts = [cut(few[0], start=0.1, duration=0.3, supervisions=inner), cut(few[1], supervisions=[])]
    write_lines(mine / "mine_cuts_train.jsonl.gz", cuts)
    found = read_corpus()
    assert [(entry.clip_id, entry.recording.start, entry.recording.end, entry.text) for entry in found.entries] == [
        ("0-0/x", 0.1, 0.2, "one"),
        ("0-0/y", 0.2, pytest.approx(0.3), "two"),
        ("1-0", None, None, ""),
    ]
    assert [(row.clip_id, row.reason) for row in found.set_aside] == [
        ("0-0/z", "its supervision begins before the cut or ends after it")
    ]


def source(kind: str, text: str = "") -> list[Json]:
    return [{"type": kind, "channels": [0], "source": text}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"transforms": [{"name": "Speed", "kwargs": {"factor": 1.1}}]}, "changes its sound (Speed)"),
        ({"sources": source("command", "sph2pipe a.sph")}, "the output of a command, which is not run"),
        ({"sources": source("url", "https://x.org/1.wav")}, "at an address: download it"),
        ({"sources": source("memory", "UklGRg==")}, "inside of the list"),
        ({"sources": source("shar")}, "does not hold its sound"),
        ({"sources": source("tape")}, "of an unknown type 'tape'"),
        ({"sources": []}, "names no source"),
    ],
)
def test_recordings_without_a_file(mine: Path, few: Clips, read_corpus: ReadCorpus, change: Json, reason: str) -> None:
    write_lines(mine / "cuts.jsonl", [cut(few[0]), cut(few[1], recording=recording(few[1]) | change)])
    found = read_corpus()
    assert [entry.clip_id for entry in found.entries] == ["0-0"]
    (row,) = found.set_aside
    assert row.clip_id == "1-0"
    assert reason in row.reason


def test_cuts_of_other_types(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    padding = {"id": "p", "type": "PaddingCut", "duration": 1.0, "sampling_rate": 16000, "feat_value": -23.0}
    tracks = [{"cut": cut(few[0]), "type": "MonoCut", "offset": 0.0}, {"cut": padding, "offset": 0.5}]
    features = {key: value for key, value in cut(few[2], id="features").items() if key != "recording"}
    cuts = [
        {"id": "padded", "type": "MixedCut", "tracks": tracks},
        {"id": "mixed", "type": "MixedCut", "tracks": [*tracks, {"cut": cut(few[1]), "offset": 0.1}]},
        padding,
        features,
        cut(few[3], id="no length", duration=None),
    ]
    write_lines(mine / "cuts.jsonl", cuts)
    found = read_corpus()
    assert [(entry.clip_id, entry.recording) for entry in found.entries] == [("padded", Recording("audio/0.flac"))]
    assert {row.clip_id: row.reason for row in found.set_aside} == {
        "mixed": "is a mix of 3 recordings, which the list makes",
        "p": "is padding: silence that the list makes",
        "features": "has no recording (features alone are no sound)",
        "no length": "has no start or no duration in seconds",
    }


def test_channels(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    stereo = recording(few[0], sources=[{"type": "file", "channels": [0, 1], "source": "audio/0.flac"}])
    apart = recording(
        few[1],
        sources=[{"type": "file", "channels": [one], "source": f"audio/{one + 1}.flac"} for one in (0, 1)],
    )
    write_lines(mine / "recordings.jsonl", [stereo, apart])
    write_lines(
        mine / "supervisions.jsonl",
        [
            supervision(few[0], id="a", channel=1, text="a"),
            supervision(few[1], id="b", channel=1, text="b"),
            supervision(few[1], id="c", channel=[0, 1], text="c"),
            supervision(few[1], id="d", channel=7, text="d"),
        ],
    )
    found = read_corpus()
    assert {entry.clip_id: (entry.path, entry.recording.channel) for entry in found.entries} == {
        "a": ("audio/0.flac", 1),
        "b": ("audio/2.flac", None),
    }
    assert {row.clip_id: row.reason for row in found.set_aside} == {
        "c": "its channels lie in 2 files: set the corpus's key 'channel' to 'first'",
        "d": "no source of its recording has channel [7]",
    }
    assert {entry.clip_id: entry.path for entry in read_corpus(channel="first").entries}["c"] == "audio/1.flac"


def test_lists_that_do_not_fit(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    write_lines(mine / "recordings.jsonl", map(recording, few[:2]))
    write_lines(mine / "supervisions.jsonl", map(supervision, few[1:3]))
    found = read_corpus()
    assert {entry.clip_id: entry.text for entry in found.entries} == {"0": "", "1-s": few[1]["text"]}
    assert [(row.clip_id, row.reason) for row in found.set_aside] == [
        ("2-s", "names the recording '2', which is not listed")
    ]
    (mine / "recordings.jsonl").unlink()
    with pytest.raises(EarwitnessError, match=r"supervisions.jsonl: has no list of recordings beside it"):
        read_corpus()


def test_recordings_alone_have_no_text(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    write_lines(mine / "recordings.jsonl", map(recording, few))
    found = read_corpus()
    assert [entry.text for entry in found.entries] == [""] * 4
    assert any("has no supervisions beside it" in note for note in found.notes)


def test_parts(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    for part, clips in (("train-clean-100", few[:1]), ("dev-clean", few[1:])):
        write_lines(mine / f"libri_recordings_{part}.jsonl.gz", map(recording, clips))
        write_lines(mine / f"libri_supervisions_{part}.jsonl.gz", map(supervision, clips))
    with pytest.raises(EarwitnessError, match="has the parts libri/dev-clean, libri/train-clean-100: name one"):
        read_corpus()
    assert len(read_corpus(part="dev-clean").entries) == 3
    assert len(read_corpus(part="*").entries) == 4


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], r"cuts.jsonl.gz: cut short or damaged"),
        (lambda whole: POINTER, "cuts.jsonl.gz: a pointer of Git LFS"),
        (lambda whole: b"[1]\n", "cuts.jsonl.gz, row 1: not a JSON object"),
        (lambda whole: b"", "no clips in its manifests of lhotse"),
    ],
)
def test_damaged_lists(
    mine: Path, few: Clips, read_corpus: ReadCorpus, damage: Callable[[bytes], bytes], message: str
) -> None:
    write_lines(mine / "cuts.jsonl.gz", map(cut, few))
    (mine / "cuts.jsonl.gz").write_bytes(damage((mine / "cuts.jsonl.gz").read_bytes()))
    with pytest.raises(EarwitnessError, match=message):
        read_corpus()


def test_a_recording_that_is_not_there(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    write_lines(mine / "cuts.jsonl", [cut(few[0], recording=recording(few[0], "/home/ann/other/9.flac"))])
    with pytest.raises(EarwitnessError, match=r"cuts.jsonl: '/home/ann/other/9.flac' leaves the corpus's folder"):
        read_corpus()


def test_a_shar_that_is_damaged(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    stored = [*members(few[:2]), ("2-0.nodata", b""), ("2-0.nometa", b""), *members(few[3:])]
    write_lines(mine / "cuts.000000.jsonl", map(in_shar, few))
    write_tar(mine / "recording.000000.tar", stored)
    write_tar(mine / "target.000000.tar", {})
    found = read_corpus()
    assert [entry.clip_id for entry in found.entries] == [f"cuts.000000/{name}" for name in ("0-0", "1-0", "3-0")]
    assert {row.clip_id: row.reason for row in found.set_aside} == {
        "cuts.000000/2-0": "the tar beside the Shar's list does not hold its sound"
    }
    assert any("fields of the Shar that are not read: target" in note for note in found.notes)
    whole = (mine / "recording.000000.tar").read_bytes()
    (mine / "recording.000000.tar").write_bytes(whole[: whole.index(b"1-0.flac") + 700])
    found = read_corpus()
    assert [entry.clip_id for entry in found.entries] == ["cuts.000000/0-0"]
    assert {row.clip_id for row in found.set_aside} == {"recording.000000.tar", *(f"cuts.000000/{i}-0" for i in "123")}
    (mine / "recording.000000.tar").write_bytes(POINTER)
    with pytest.raises(EarwitnessError, match=r"recording.000000.tar: no clip can be taken .*a pointer of Git LFS"):
        read_corpus()


def test_what_lhotse_writes(mine: Path, few: Clips, read_corpus: ReadCorpus) -> None:
    lhotse = pytest.importorskip("lhotse", reason="lhotse is not installed")
    recordings = lhotse.RecordingSet.from_recordings(
        lhotse.Recording.from_file(mine / f"audio/{clip['clip_id']}.flac") for clip in few
    )
    supervisions = lhotse.SupervisionSet.from_segments(
        lhotse.SupervisionSegment(
            id=f"{one.id}-s",
            recording_id=one.id,
            start=0.0,
            duration=one.duration,
            text=clip["text"],
            speaker=clip["speaker"],
            custom={"take": 2},
        )
        for one, clip in zip(recordings, few, strict=True)
    )
    recordings.to_file(mine / "toy_recordings_all.jsonl.gz")
    supervisions.to_file(mine / "toy_supervisions_all.jsonl.gz")
    found = read_corpus()
    assert heard(found.entries, mine) == told(few)
    assert {entry.attributes["take"] for entry in found.entries} == {"2"}
    cuts = lhotse.CutSet.from_manifests(recordings=recordings, supervisions=supervisions)
    for path in mine.glob("toy_*"):
        path.unlink()
    cuts.to_file(mine / "cuts.jsonl.gz")
    assert heard(read_corpus().entries, mine) == told(few)
    (mine / "cuts.jsonl.gz").unlink()
    (mine / "shar").mkdir()
    cuts.to_shar(mine / "shar", fields={"recording": "original"}, shard_size=3)
    assert heard(read_corpus().entries, mine) == told(few)
