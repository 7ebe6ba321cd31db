"""Sound that libsndfile does not read goes through ffmpeg where it is installed, and is named where it is not."""

import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from stages.core.sound.decoding import Undecodable, decode_recording
from stages.core.sound.recordings import Recording
from tests.stages.conftest import voice

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is not installed")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.m4a", b"\0\0\0\x20ftypM4A " + bytes(60), "M4A .AAC or Apple Lossless."),
        ("a.mp4", b"\0\0\0\x20ftypisom" + bytes(60), "a video or sound in MP4"),
        ("a.wma", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(60), "WMA or other Windows Media"),
        ("a.aac", b"\xff\xf1\x50\x80" + bytes(60), "AAC"),
        ("a.amr", b"#!AMR\n" + bytes(60), "AMR"),
        ("a.webm", b"\x1a\x45\xdf\xa3" + bytes(60), "a video .Matroska or WebM."),
        ("a.wav", b"\0\0\0\x20ftypM4A " + bytes(60), "M4A .AAC or Apple Lossless."),
    ],
)
def test_what_only_ffmpeg_reads_is_named(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    remedy = "ffmpeg cannot decode" if FFMPEG else "libsndfile does not read: install ffmpeg, or convert it to FLAC"
    with pytest.raises(Undecodable, match=f"{reason}, which {remedy}"):
        decode_recording(tmp_path, Recording(name))


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.m4a", "a.wma", "a.aac", "a.mkv"])
def test_ffmpeg_gives_the_whole_sound(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / "a.wav", voice(1, 3.0), 16_000)
    assert FFMPEG is not None
    subprocess.run([FFMPEG, "-v", "error", "-i", tmp_path / "a.wav", tmp_path / name], check=True)
    found = decode_recording(tmp_path, Recording(name))
    assert len(found.samples) / found.rate == pytest.approx(3.0, abs=0.15)
    data = (tmp_path / name).read_bytes()
    (tmp_path / "cell").write_bytes(b"x" + data)
    embedded = decode_recording(tmp_path, Recording("cell", offset=1, size=len(data)))
    assert (embedded.samples == found.samples).all()
