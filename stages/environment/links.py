"""One fingerprint of all files behind links; a file is read again only if size, time of change or inode differ.

What was found is kept beside the graph, a line for each file in the order in which folders are listed. The next run
reads these lines while it lists the files, so memory does not grow with their number.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import NamedTuple, TypedDict

from stages.core.store.atomic import replacing

UNREADABLE = "unreadable"
"""Stands for the hash of a file that may not be read."""

Place = list[str]
"""The parts of a path, by which `stages.core.store.folders.files_below` sorts."""


class LinkedFiles(TypedDict):
    """The properties of all files behind links that depend only on their paths and contents."""

    files: int
    bytes: int
    hash: str


class SeenFile(NamedTuple):
    """A file as it was when its content was read: size in bytes, time of change in ns, inode, hash of the content."""

    size: int
    changed: int
    inode: int
    hash: str


def linked_files(folder: Path, paths: Iterable[str], memory: Path) -> LinkedFiles:
    """Describe the current state of files.

    Parameters
    ----------
    folder : Path
        The paths are relative to it.
    paths : iterable of str
        In the order of `files_below`. Names that are not UTF-8 are as Python reads them (with surrogates).
    memory : Path
        What an earlier run has found, which is replaced. Files without a valid line in it are read.

    Returns
    -------
    LinkedFiles
        Without files that were removed after the folder was listed.
    """
    digest, count, size = blake2b(digest_size=16), 0, 0
    known = _Memory(memory)
    with replacing(memory) as temporary, temporary.open("w", encoding="ascii") as written:
        for path in paths:
            found = _described(folder / path, known.at(path))
            if found is None:
                continue
            count, size = count + 1, size + found.size
            digest.update(b"%b\0%d\0%b\n" % (os.fsencode(path), found.size, found.hash.encode()))
            if found.hash != UNREADABLE:
                written.write(json.dumps([path, *found]) + "\n")
    return {"files": count, "bytes": size, "hash": digest.hexdigest()}


def _described(file: Path, before: SeenFile | None) -> SeenFile | None:
    try:
        status = file.stat()
    except FileNotFoundError:  # removed after the folder was listed, so no longer part of the corpus
        return None
    state = status.st_size, status.st_mtime_ns, status.st_ino
    if before is not None and before[:3] == state:
        return before
    try:
        with file.open("rb") as handle:
            return SeenFile(*state, file_digest(handle, "blake2b").hexdigest()[:32])
    except PermissionError:  # the corpus's own stage says so; the audits of other corpora go on
        return SeenFile(*state, UNREADABLE)
    except FileNotFoundError:
        return None


class _Memory:
    """The lines of an earlier run, read once from the beginning to the end."""

    def __init__(self, file: Path) -> None:
        self._lines = _lines(file)
        self._next = next(self._lines, None)

    def at(self, path: str) -> SeenFile | None:
        """Return what was found of a path. Paths are asked for in their order."""
        place = path.split("/")
        while self._next and self._next[0] < place:
            self._next = next(self._lines, None)
        return self._next[1] if self._next and self._next[0] == place else None


def _lines(file: Path) -> Iterator[tuple[Place, SeenFile]]:
    """Yield what is remembered, up to the first line that is damaged."""
    try:
        with file.open(encoding="ascii") as lines:
            for line in lines:
                path, size, changed, inode, found = json.loads(line)
                yield path.split("/"), SeenFile(int(size), int(changed), int(inode), str(found))
    except (FileNotFoundError, AttributeError, TypeError, ValueError):
        return
