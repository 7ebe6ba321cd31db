"""Clips for layouts that pack sounds, and what such a layout gives back."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import soundfile

from stages.core.sound.audio import RATE
from stages.core.sound.recordings import content
from stages.corpus.entries import Entry
from tests.stages.conftest import voice
from tests.stages.corpus.sources.conftest import Clips

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


def toys(folder: Path, count: int = 4) -> Clips:
    """Return clips of a voice, as the fixture `clips` does of real recordings."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for index in range(count):
        soundfile.write(folder / f"{index}.flac", voice(index, 0.5), RATE)
        text, speaker = f"Tom saw {index} ships.", f"s{index % 2}"
        found.append({"clip_id": str(index), "text": text, "speaker": speaker, "source": str(folder / f"{index}.flac")})
    return found


def heard(entries: Iterable[Entry], folder: Path) -> set[tuple[bytes, str, str | None]]:
    """Return sound, transcript and speaker of each clip, wherever its sound lies."""
    sounds = ((entry, content(folder, entry.recording)) for entry in entries)
    return {
        (sound if isinstance(sound, bytes) else sound.read_bytes(), entry.text, entry.speaker)
        for entry, sound in sounds
    }


def write_tar(path: Path, members: Mapping[str, bytes] | list[tuple[str, bytes]], mode: str = "w") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in members.items() if isinstance(members, Mapping) else members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_lines(path: Path, objects: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines, packed where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(one) + "\n" for one in objects).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
