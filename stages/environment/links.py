"""Size and content hash of linked files, read again only where size, time of change or inode differ."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import file_digest
from os import stat_result
from pathlib import Path
from typing import TypedDict, cast


class LinkedFile(TypedDict):
    """A file as it was when its `hash` was found: bytes, time of change in ns, inode."""

    size: int
    changed: int
    inode: int
    hash: str


class ListedFile(TypedDict):
    """What of a file depends on content alone."""

    path: str
    size: int
    hash: str


Known = dict[str, LinkedFile]
"""By relative path."""


def digest_files(folder: Path, paths: Iterable[str], known: Known) -> Known:
    """Describe files as they are now.

    Parameters
    ----------
    folder : Path
        What the paths are relative to.
    paths : iterable of str
    known : Known
        An earlier answer of this function; may be empty or of another shape, then every file is read.

    Returns
    -------
    Known
        One entry per path that is still there.
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
    except FileNotFoundError:  # removed since the folder was listed: it is no longer part of the corpus
        return None


def _state(status: stat_result) -> dict[str, int]:
    return {"size": status.st_size, "changed": status.st_mtime_ns, "inode": status.st_ino}


def listing(files: Known) -> list[ListedFile]:
    """Return what depends on content alone, in the order of the paths: path, size, hash."""
    return [{"path": path, "size": files[path]["size"], "hash": files[path]["hash"]} for path in sorted(files)]
