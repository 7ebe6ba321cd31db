"""Where the sound of a clip lies: a file, a part of a file, or a cell of a table."""

from __future__ import annotations

import posixpath
import struct
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stages.core.errors import EarwitnessError
from stages.core.store.cells import CellError, cell
from stages.core.store.placed import find_placed
from stages.core.store.pointers import POINTER, is_pointer


@dataclass(frozen=True)
class Recording:
    """The place of a clip's sound, relative to ``data/raw/<corpus>/``.

    Attributes
    ----------
    path : str
        The file, with ``/``.
    offset, size : int or None
        In bytes, where the sound is one member of an archive that is not compressed; None for a whole file.
    row, column : int or None, str or None
        Where the sound is a cell of a Parquet or Arrow table.
    start, end : float or None
        In seconds, where the clip is a segment; None for the beginning and the end.
    channel : int or None
        Counted from 0; None where `corpora.X.channel` says what becomes of the channels.
    """

    path: str
    offset: int | None = None
    size: int | None = None
    row: int | None = None
    column: str | None = None
    start: float | None = None
    end: float | None = None
    channel: int | None = None

    def fields(self) -> dict[str, object]:
        """Return the fields of the column `recording` of ``clips.parquet``."""
        return asdict(self)

    @property
    def place(self) -> str:
        """The recording in words, for messages. Rows are counted from 1."""
        if self.row is not None:
            return f"{self.path}, row {self.row + 1}, column {self.column!r}"
        return self.path if self.offset is None else f"{self.path}, {self.size} bytes from byte {self.offset}"


class NoContent(EarwitnessError):
    """A recording whose bytes cannot be had.

    Attributes
    ----------
    reason : str
        A phrase for quarantine. The message also names the place.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.reason = reason


def content(folder: Path, recording: Recording) -> Path | bytes:
    """Return the encoded sound of a recording: the file itself, or the bytes of a member or a cell.

    A cell holds bytes, or the path of a file, or both in a struct (as `datasets` writes them), or samples and their
    rate (``array`` and ``sampling_rate``); samples are returned as a WAV of floats. A path is searched for as
    `find_placed` does. Segment and channel are not looked at.

    Parameters
    ----------
    folder : Path
        ``data/raw/<corpus>``.
    recording : Recording

    Raises
    ------
    NoContent
        For a file that is missing, is a pointer of Git LFS or ends too early, and for a cell without sound.
    """
    path = folder / recording.path
    where = f"{folder}/{recording.place}"
    if not path.is_file():
        raise NoContent(where, "missing")
    if is_pointer(path):
        raise NoContent(where, POINTER)
    if recording.row is not None and recording.column is not None:
        try:
            value = cell(path, recording.row, recording.column)
        except CellError as error:
            raise NoContent(where, str(error)) from error
        return _sound_in(value, folder, recording, where)
    if recording.offset is not None and recording.size is not None:
        return _part(path, recording.offset, recording.size, where)
    return path


def _part(path: Path, offset: int, size: int, where: str) -> bytes:
    with path.open("rb") as handle:
        handle.seek(offset)
        found = handle.read(size)
    if len(found) < size:
        raise NoContent(where, f"cut short: the archive ends after {len(found)} of {size} bytes of this member")
    return found


def _sound_in(value: Any, folder: Path, recording: Recording, where: str) -> Path | bytes:
    if isinstance(value, Mapping):
        if value.get("bytes"):
            return bytes(value["bytes"])
        if value.get("array") is not None:
            return _wav(value["array"], value.get("sampling_rate"), where)
        value = value.get("path")
    if isinstance(value, bytes) and value:
        return value
    if isinstance(value, str) and value:
        return _beside(value, folder, recording, where)
    raise NoContent(where, "the cell holds neither bytes nor a path")


def _beside(name: str, folder: Path, recording: Recording, where: str) -> Path:
    found = find_placed(folder, posixpath.dirname(recording.path), name)
    if found is None:
        raise NoContent(where, f"the cell has no bytes, and the corpus's folder has no file {name!r}, which it names")
    return folder / found


def _wav(samples: Any, rate: Any, where: str) -> bytes:
    """Return samples as a WAV of 64-bit floats, which changes no value: float[n], or float[channels][n]."""
    channels = samples if samples and isinstance(samples[0], list) else [samples]
    if not isinstance(rate, int) or rate <= 0:
        raise NoContent(where, "the cell has samples without their sampling_rate")
    if len({len(channel) for channel in channels}) != 1 or not channels[0]:
        raise NoContent(where, "the cell has no samples, or channels of different lengths")
    try:
        data = array("d", [value for frame in zip(*channels, strict=True) for value in frame]).tobytes()
    except TypeError as error:
        raise NoContent(where, "the cell has samples that are not numbers") from error
    width = 8 * len(channels)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, len(channels), rate, rate * width, width, 64)
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + len(data), b"WAVE")
        + form
        + struct.pack("<4sI", b"data", len(data))
        + data
    )
