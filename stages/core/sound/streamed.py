"""Read sound by libsndfile from the beginning to the end, in blocks and without seeking."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import soundfile

from stages.core.sound.audio import Samples
from stages.core.sound.containers.kinds import HEAD, kind_of
from stages.core.sound.containers.stream import Undecodable

BLOCK = 1 << 22
"""Most samples that are decoded at once."""
RAW = (".raw", ".pcm", ".vox", ".sw", ".ul", ".al", ".g711", ".g721", ".g723", ".s16", ".f32")
"""Suffixes of samples without a header."""


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A sound file that is only read forwards.

    soundfile seeks after every read of a file that can be seeked. Some formats (DWVW) and files without a stated length
    (streamed FLAC) fail there, though they can be read to their end.
    """

    def seekable(self) -> bool:
        """Return False, so that reading does not seek."""
        return False

    def blocks_to_end(self) -> Iterator[Samples]:
        """Yield float32[frames, channels] up to the end of what can be decoded.

        Raises
        ------
        soundfile.LibsndfileError
            If the file is damaged.
        """
        most = max(1, BLOCK // self.channels)
        left = self.frames
        while left > 0:
            wanted = min(left, most)
            block = self.read(wanted, dtype="float32", always_2d=True)
            if len(block):
                yield block
            if len(block) < wanted:
                return
            left -= wanted


@contextmanager
def opened(source: Path | bytes) -> Iterator[ForwardFile]:
    """Open a sound file or its bytes.

    Raises
    ------
    Undecodable
        If libsndfile cannot open it, or cannot decode what is read of it.
    """
    handle: bytes | BinaryIO
    if isinstance(source, bytes):
        handle = io.BytesIO(source)
    elif source.suffix.lower() == ".raw":  # by this suffix soundfile expects rate and format from its caller
        handle = io.BytesIO(source.read_bytes())
    else:
        handle = os.fsencode(source)  # for names that are not UTF-8
    try:
        with ForwardFile(handle) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise Undecodable(_why(source, error)) from error


def _why(source: Path | bytes, error: soundfile.LibsndfileError) -> str:
    """Say what the file is if it is no sound, or else give libsndfile's message without the path."""
    if isinstance(source, bytes):
        head, name = source[:HEAD], ""
    else:
        with source.open("rb") as file:
            head, name = file.read(HEAD), source.name.lower()
    kind = kind_of(head)
    if kind.family == "unknown" and name.endswith(RAW):
        return "raw samples without a header that states rate and format"
    if name.endswith(".mp3") and kind.family != "sound":
        return f"not audio that can be decoded (no MP3 frame at its beginning: {kind.words})"
    words = str(error.error_string).strip().rstrip(".")
    if words.startswith("Internal error : SF_INFO"):
        words = "its header states a rate, channels or a coding that cannot be"
    return f"not audio that can be decoded ({kind.words if kind.family != 'sound' else words or 'damaged'})"
