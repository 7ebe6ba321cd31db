"""List the files below a folder and follow links. DVC does not follow links to folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Found(NamedTuple):
    """A file below a folder.

    Attributes
    ----------
    path : str
        Relative to that folder, with ``/``.
    linked : bool
        Whether a link to a folder lies on the way.
    """

    path: str
    linked: bool


def files_below(folder: Path) -> Iterator[Found]:
    """Yield every file below `folder`, sorted by name. Links to folders and files are followed.

    A link back to a folder that contains it is skipped, and so is a link that leads nowhere. A folder that does not
    exist has no files.
    """
    if folder.is_dir():
        yield from _walk(folder, "", False, frozenset())


def _walk(folder: Path, prefix: str, linked: bool, above: frozenset[tuple[int, int]]) -> Iterator[Found]:
    here = folder.stat()
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        return
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir():
            yield from _walk(Path(entry.path), path + "/", linked or entry.is_symlink(), above | {identity})
        elif entry.is_file():
            yield Found(path, linked)


def dangling_below(folder: Path) -> Iterator[str]:
    """Yield the links below `folder` that lead nowhere, relative to it with ``/``, sorted by name.

    Links to folders are not followed.
    """
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = os.path.join(above, name)
            if os.path.islink(path) and not os.path.exists(path):
                yield Path(path).relative_to(folder).as_posix()
