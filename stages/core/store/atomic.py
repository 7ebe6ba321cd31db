"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`, and rename it to `path` when the block ends without an error.

    The folder is made. Temporary files that a killed process left for the same file are removed. A file must have one
    writer at a time; the stages' locks ensure this.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        put(temporary, path)
    finally:
        _remove(temporary)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`, which is removed when the block ends.

    `put` gives its content, or the folder itself, the name `path`. Otherwise as `replacing`.
    """
    temporary = _temporary(path)
    temporary.mkdir()
    try:
        yield temporary
    finally:
        _remove(temporary)


def put(made: Path, path: Path) -> None:
    """Rename a file or a folder to `path`, in place of a file or a folder of that name.

    A folder cannot be replaced in one step. If the process is killed between two steps, `path` is missing, so a reader
    never finds half of it.
    """
    if path.is_dir() or (made.is_dir() and path.exists()):
        replaced = path.with_name(f".{path.name}.replaced")
        _remove(replaced)
        path.rename(replaced)
        made.rename(path)
        _remove(replaced)
    else:
        made.replace(path)


def _temporary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    for leftover in (temporary, path.with_name(f".{path.name}.replaced")):
        _remove(leftover)
    return temporary


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
