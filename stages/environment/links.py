"""Size and content hash of linked files; a file is read again only if size, time of change or inode differ."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import file_digest
from os import stat_result
from pathlib import Path
from typing import TypedDict, cast


class LinkedFile(TypedDict):
    """The state of a file when its `hash` was computed: bytes, time of change in ns, inode."""

    size: int
    changed: int
    inode: int
    hash: str


class ListedFile(TypedDict):
    """The properties of a file that depend only on its content."""

    path: str
    size: int
    hash: str


Known = dict[str, LinkedFile]
"""Linked files by relative path."""


def digest_files(folder: Path, paths: Iterable[str], known: Known) -> Known:
    """Describe the current state of files.

    Parameters
    ----------
    folder : Path
        The paths are relative to it.
    paths : iterable of str
    known : Known
        An earlier result of this function. If it is empty or has another shape, every file is read.

    Returns
    -------
    Known
        One entry per path that still exists.
    """
    return {path: described for path in paths if (described := _described(folder / path, known.get(path)))}


def _described(file: Path, before: object) -> LinkedFile | None:
    try:
        state = _state(file.stat())
        if (
            isinstance(before, dict)
            and "hash" in before
            and all(before.get(key) == value for key, value in state.items())
        ):
            return cast(LinkedFile, before)
        with file.open("rb") as handle:
            found = file_digest(handle, "blake2b").hexdigest()[:32]
        return {"size": state["size"], "changed": state["changed"], "inode": state["inode"], "hash": found}
    except FileNotFoundError:  # removed after the folder was listed, so no longer part of the corpus
        return None


def _state(status: stat_result) -> dict[str, int]:
    return {"size": status.st_size, "changed": status.st_mtime_ns, "inode": status.st_ino}


def listing(files: Known) -> list[ListedFile]:
    """Return path, size and hash of each file, sorted by path; they depend only on content."""
    return [{"path": path, "size": files[path]["size"], "hash": files[path]["hash"]} for path in sorted(files)]
