"""The synthesiser itself, and the stage from the command line."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from stages.lab_speech.sentences import SLOTS
from stages.lab_speech.synthesis import speak_block
from stages.lab_speech.voices import lab_voices

ROOT = Path(__file__).resolve().parents[3]


def test_a_block_sounds_the_same_whatever_was_spoken_before() -> None:
    block = [("Anna buys the apple today.", voice) for voice in lab_voices(3)]
    first, second = speak_block(block), speak_block(block)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_a_longer_block_begins_like_a_shorter_one() -> None:
    block = [(f"{name} buys the apple today.", lab_voices(1)[0]) for name in SLOTS[0][:4]]
    for one, other in zip(speak_block(block[:2]), speak_block(block), strict=False):
        assert np.array_equal(one, other)


def test_the_longest_sentence_fits_the_window_in_every_voice() -> None:
    longest = " ".join(max(slot, key=len) for slot in SLOTS) + "."
    seconds = [len(sound) / 16_000 for sound in speak_block([(longest, voice) for voice in lab_voices(24)])]
    assert min(seconds) > 1.0
    assert max(seconds) < 3.3


def test_a_higher_pitched_voice_is_higher() -> None:
    from scipy.signal import find_peaks

    def pitch(sound: np.ndarray) -> float:
        middle = sound[len(sound) // 4 : len(sound) // 4 + 8000].astype(np.float64)
        correlation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
        peaks, heights = find_peaks(correlation[40:320], height=0)
        return 16_000 / float(40 + peaks[np.argmax(heights["peak_heights"])])

    voices = lab_voices(24)
    texts = ["Anna moves the mirror again."] * 24
    pitches = [pitch(sound) for sound in speak_block(list(zip(texts, voices, strict=True)))]
    by_gender = {
        g: np.median([p for p, v in zip(pitches, voices, strict=True) if v.gender == g]) for g in ("female", "male")
    }
    assert by_gender["female"] > 1.3 * by_gender["male"]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["lab_speech"]["corpora"]["lab_control"]["clips"] = 6
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return tmp_path


def start(folder: Path, workers: int = 1) -> subprocess.CompletedProcess[str]:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["compute"]["workers"] = workers
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    command = [sys.executable, "-m", "stages.lab_speech", "--corpus", "lab_control"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run(folder: Path, workers: int = 1) -> Path:
    done = start(folder, workers)
    assert done.returncode == 0, done.stderr
    return folder / "data/raw/lab_control"


def content(corpus: Path) -> dict[str, bytes]:
    return {str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def test_bytes_do_not_depend_on_the_number_of_workers(workplace: Path) -> None:
    first = content(run(workplace, workers=1))
    shutil.rmtree(workplace / "data")
    assert content(run(workplace, workers=2)) == first
    assert len(first) == 8  # with the manifest and the list of what the stage made


def add(corpus: Path, clip_id: str, file: str) -> None:
    soundfile.write(corpus / "audio" / file, np.zeros(8000), 16_000)
    with (corpus / "manifest.csv").open("a") as manifest:
        manifest.write(f"{clip_id},audio/{file},Hello.,false,me,,,,\n")


def ids(corpus: Path) -> list[str]:
    return [row["clip_id"] for row in csv.DictReader((corpus / "manifest.csv").open(encoding="utf-8-sig"))]


def ask_for(folder: Path, clips: int) -> None:
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["lab_speech"]["corpora"]["lab_control"]["clips"] = clips
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def test_clips_that_people_added_stay_whatever_their_ids(workplace: Path) -> None:
    corpus = run(workplace)
    add(corpus, "mine", "mine.flac")
    add(corpus, "lab_control_00006", "lab_control_00006.flac")
    (corpus / "audio/lab_control_00099.flac").write_bytes(b"not yet in the manifest")
    before = content(corpus)
    assert content(run(workplace)) == before
    assert ids(corpus)[-3:] == ["lab_control_00005", "mine", "lab_control_00006"]


def test_fewer_clips_leave_no_file_of_the_stage_behind_and_all_of_peoples(workplace: Path) -> None:
    corpus = run(workplace)
    add(corpus, "lab_control_00006", "lab_control_00006.flac")
    with (corpus / "manifest.csv").open("a") as manifest:
        manifest.write("again,audio/lab_control_00005.flac,Hello.,false,me,,,,\n")
    ask_for(workplace, 4)
    run(workplace)
    left = [f"lab_control_{number:05d}" for number in (0, 1, 2, 3, 6)]
    assert ids(corpus) == [*left, "again"]
    assert sorted(path.stem for path in (corpus / "audio").glob("*")) == sorted([*left, "lab_control_00005"])


@pytest.mark.parametrize("listed", [True, False])
def test_a_clip_of_peoples_whose_name_the_stage_needs_stops_it(listed: bool, workplace: Path) -> None:
    corpus = run(workplace)
    add(corpus, "lab_control_00006" if listed else "mine", "lab_control_00006.flac")
    before = content(corpus)
    ask_for(workplace, 8)
    done = start(workplace)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "lab_control_00006" in done.stderr
    assert "give what was added another name" in done.stderr
    assert content(corpus) == before


def test_a_manifest_saved_with_a_byte_order_mark_is_read(workplace: Path) -> None:
    corpus = run(workplace)
    add(corpus, "mine", "mine.flac")
    manifest = corpus / "manifest.csv"
    plain = manifest.read_bytes()
    manifest.write_bytes(b"\xef\xbb\xbf" + plain)
    run(workplace)
    assert manifest.read_bytes() == plain


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"mine,audio/mine.flac,Hello, world.,false,me,,,,,\n", "manifest.csv, row 8: 11 cells under 9 columns"),
        (b"mine,audio/mine.flac,Gr\xfc\xdfe.,false,me,,,,\n", "manifest.csv, line 8: not UTF-8"),
        (b",audio/mine.flac,Hello.,false,me,,,,\n", "manifest.csv: clip_id '' is blank or there twice"),
        (b"lab_control_00000,audio/mine.flac,Hello.,false,me,,,,\n", "'lab_control_00000' is blank or there twice"),
    ],
)
def test_a_broken_line_that_people_added_is_named(line: bytes, message: str, workplace: Path) -> None:
    corpus = run(workplace)
    with (corpus / "manifest.csv").open("ab") as file:
        file.write(line)
    before = content(corpus)
    done = start(workplace)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert content(corpus) == before


def test_the_format_does_not_tell_the_sides(workplace: Path) -> None:
    corpus = run(workplace)
    kinds = {(i.samplerate, i.channels, i.subtype) for i in map(soundfile.info, (corpus / "audio").glob("*.flac"))}
    assert kinds == {(16_000, 1, "PCM_16")}
