"""Recordings without a list: what they are is told by their bytes, whatever their names."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stages.core.config.nouns import Corpus
from stages.corpus.sources.audio_files import read_audio_files
from stages.corpus.sources.source import Listed

SOUND = 0.1 * np.random.default_rng(1).standard_normal(4000)
MINE = Corpus(split="post_hoc", member="none")


def listed(folder: Path) -> Listed:
    return read_audio_files(folder, MINE)


@pytest.mark.parametrize(
    ("name", "container", "subtype"),
    [
        ("talk.wav.bak", "WAV", "PCM_16"),
        ("talk", "FLAC", "PCM_16"),
        ("talk.WAV", "WAV", "PCM_16"),
        ("talk.sph", "NIST", "PCM_16"),
        ("talk.voc", "VOC", "PCM_16"),
        ("talk.data", "AIFF", "PCM_16"),
        ("talk.txt", "OGG", "VORBIS"),
        ("talk.bin", "MP3", "MPEG_LAYER_III"),
        ("talk.htk", "HTK", "PCM_16"),
        ("talk.xi", "XI", "DPCM_16"),
        ("talk.sf", "IRCAM", "PCM_16"),
        ("talk.mat", "MAT5", "PCM_16"),
        ("talk.rf64", "RF64", "PCM_16"),
    ],
)
def test_every_sound_is_taken_whatever_its_suffix(tmp_path: Path, name: str, container: str, subtype: str) -> None:
    soundfile.write(tmp_path / name, SOUND, 16_000, format=container, subtype=subtype)
    found = listed(tmp_path)
    assert [row.recording.path for row in found.rows if row.recording] == [name]
    assert (found.set_aside, found.notes) == ([], [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README", b"recorded in May\n"),
        ("INSTALL", b"MAC users read this first\n"),  # begins as Monkey's Audio does
        ("order.txt", b"caffeine, 2 cups\n"),  # as CAF
        ("notes.txt", "Über den Fluss\n".encode()),
        ("notes", "Über den Fluss\n".encode("utf-16")),
        ("list.csv", b"a,b\n1,2\n"),
        ("page.html", b"<!DOCTYPE html><html>"),
        ("cover.jpg", b"\xff\xd8\xff\xe0" + bytes(100)),
        ("cover.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("table.parquet", b"PAR1" + bytes(100)),
        (".DS_Store", b"\0\0\0\1Bud1" + bytes(100)),
        ("._talk.wav", b"\0\5\x16\7" + bytes(100)),
        ("pointer.txt", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"),
    ],
)
def test_what_is_obviously_no_sound_is_no_recording(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert listed(tmp_path) == Listed([])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("call.mp4", b"\0\0\0\x18ftypisom" + bytes(100), "a video or sound in MP4, .* install ffmpeg"),
        ("call", b"\x1a\x45\xdf\xa3" + bytes(100), "a video .Matroska or WebM., .* install ffmpeg"),
        ("call.avi", b"RIFF\0\1\0\0AVI " + bytes(100), "a video .AVI., .* install ffmpeg"),
    ],
)
@pytest.mark.skipif(shutil.which("ffmpeg") is not None, reason="ffmpeg is installed, so these are tried")
def test_videos_are_set_aside(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    found = listed(tmp_path)
    assert found.rows == []
    with pytest.raises(ValueError, match=reason):
        raise ValueError(found.set_aside[0].reason)


def test_raw_samples_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "talk.pcm").write_bytes((SOUND * 32768).astype("<i2").tobytes())
    assert [row.reason for row in listed(tmp_path).set_aside] == [
        "raw samples without a header that states rate and format"
    ]


def test_links_that_lead_nowhere_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "talk.wav").symlink_to("../.git/annex/objects/gone")
    (tmp_path / "notes.txt").symlink_to("gone")
    found = listed(tmp_path)
    assert [(row.path, row.reason.split(":")[0]) for row in found.set_aside] == [
        ("sub/talk.wav", "a link that leads nowhere")
    ]


def test_archives_and_unknown_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"PK\3\4" + bytes(100))
    (tmp_path / "odd.bin").write_bytes(b"\1\2\3\4" * 30)
    assert listed(tmp_path).notes == [f"{tmp_path}: not read as sound: all.zip (a ZIP archive) and 1 more"]


def test_an_id_is_the_path_without_a_suffix_of_sound(tmp_path: Path) -> None:
    for name in ("a", "b.wav.bak", "c.FLAC", "d.x.wav"):
        soundfile.write(tmp_path / name, SOUND, 16_000, format="WAV")
    assert [row.clip_id for row in listed(tmp_path).rows] == ["a", "b.wav.bak", "c", "d.x"]
