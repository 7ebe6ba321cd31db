"""Segments are cut to the frame from every kind of file, and those that the recording does not hold are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.core.sound import segments
from stages.core.sound.decoding import Undecodable, decode_recording
from stages.core.sound.recordings import Recording
from tests.stages.conftest import voice

RATE = 16_000


@pytest.fixture(params=["a.wav", "a.flac", "a.mp3", "a.ogg", "a.opus", "a.aiff", "a.w64", "gsm.wav", "streamed.flac"])
def recording(request: Any, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    kinds = {"gsm.wav": {"subtype": "GSM610"}, "a.opus": {"format": "OGG", "subtype": "OPUS"}}
    soundfile.write(path, voice(1, 3.0), RATE, **kinds.get(path.name, {}))
    if path.name == "streamed.flac":
        data = bytearray(path.read_bytes())
        data[21] &= 0xF0
        data[22:26] = bytes(4)
        path.write_bytes(data)
    return path


def test_segments_are_parts_of_the_whole(recording: Path) -> None:
    whole = decode_recording(recording.parent, Recording(recording.name)).samples
    pieces = [(0.0, 0.5), (2.0, 2.75), (0.5, 1.0000312), (1.23456, 3.0), (2.5, None), (None, 0.25)]
    for start, end in pieces:
        found = decode_recording(recording.parent, Recording(recording.name, start=start, end=end))
        first, last = round((start or 0) * RATE), len(whole) if end is None else round(end * RATE)
        assert np.array_equal(found.samples, whole[first:last])


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (1.0, 3.5, r"1\.000 s to 3\.500 s, ends after the recording, which lasts 3\.0"),
        (3.5, 4.0, "ends after the recording"),
        (3.5, None, r"its segment, 3\.500 s, ends after"),
        (2.0, 2.0, "is empty or begins before 0"),
        (2.0, 1.0, "is empty or begins before 0"),
        (-1.0, 1.0, "is empty or begins before 0"),
        (0.0, 2.9, r"longer than corpus\.max_seconds \(2\.900 s of 2\.5 s\)"),
        (0.1, None, r"longer than corpus\.max_seconds \(2\.9\d* s of 2\.5 s\)"),
    ],
)
def test_segments_that_are_not_there(recording: Path, start: float, end: float | None, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason) as error:
        decode_recording(recording.parent, Recording(recording.name, start=start, end=end), 2.5)
    assert not error.value.broken


def test_times_in_lists_are_rounded(recording: Path) -> None:
    found = decode_recording(recording.parent, Recording(recording.name, start=2.0, end=3.015))
    assert len(found.samples) == pytest.approx(RATE, abs=320)


def test_a_recording_that_changes_is_read_again(tmp_path: Path) -> None:
    for index in (1, 2):
        soundfile.write(tmp_path / "a.mp3", voice(index, 2.0 + index), RATE)
        whole = decode_recording(tmp_path, Recording("a.mp3")).samples
        cut = decode_recording(tmp_path, Recording("a.mp3", start=0.5, end=1.0)).samples
        assert np.array_equal(cut, whole[8000:16000])


def test_what_cannot_be_seeked_is_decoded_once(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", voice(1, 3.0), RATE)
    decode_recording(tmp_path, Recording("a.mp3", start=2.0, end=2.5))
    held = list(segments._held.values())
    decode_recording(tmp_path, Recording("a.mp3", start=1.0, end=1.5, channel=0))
    assert list(segments._held.values()) == held
    assert len(held) == 1


def test_a_cut_recording_gives_no_segment(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", voice(1, 3.0), RATE)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:40_000])
    with pytest.raises(Undecodable, match="ends before its header says"):
        decode_recording(tmp_path, Recording("a.wav", start=0.0, end=0.5))
