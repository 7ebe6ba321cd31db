"""Read sound by libsndfile from the beginning to the end, in blocks and without seeking."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import soundfile

from stages.core.sound.audio import Samples
from stages.core.sound.containers.stream import Undecodable

BLOCK = 1 << 22
"""Most samples that are decoded at once."""


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
        wanted = min(max(self.frames, 0) + 1, most)
        while True:
            block = self.read(wanted, dtype="float32", always_2d=True)
            if len(block):
                yield block
            if len(block) < wanted:
                return
            wanted = most


@contextmanager
def opened(source: Path | bytes) -> Iterator[ForwardFile]:
    """Open a sound file or its bytes.

    Raises
    ------
    Undecodable
        If libsndfile cannot open it, or cannot decode what is read of it.
    """
    handle: str | BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with ForwardFile(handle) as file:
            yield file
    except soundfile.LibsndfileError as error:
        # libsndfile's message without the path, which our messages name anyway
        words = str(error.error_string).strip().rstrip(".")
        raise Undecodable(f"not audio that can be decoded ({words})") from error
