"""Files that a list names as they lay on the machine that wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Placed(NamedTuple):
    """A file that was found.

    Attributes
    ----------
    path : str
        Relative to the corpus's folder.
    left_off : int
        How many folders at the beginning of the name were left off.
    """

    path: str
    left_off: int


def find_placed(folder: Path, inside: str, name: str, likely: int = 0) -> Placed | None:
    """Return the file below a folder that a list names; None if there is none.

    The name is taken from the list's folder, or else from `folder`. If there is no such file, its beginning is left
    off, folder by folder, until the rest leads to one: ``/data/LibriSpeech/dev/1/2.flac`` is found as ``dev/1/2.flac``.
    A name with ``..`` is not searched for.

    Parameters
    ----------
    folder : Path
        The corpus's folder.
    inside : str
        The list's folder, relative to it; blank for the folder itself.
    name : str
        With ``/`` or backslashes.
    likely : int
        How many folders to leave off at first: as many as for an earlier name of the list.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        return None
    for start in sorted(range(len(parts)), key=lambda one: (one != likely, one)):
        rest = "/".join(parts[start:])
        for path in dict.fromkeys((f"{inside}/{rest}" if inside else rest, rest)):
            if _is_file(folder / path):
                return Placed(path, start)
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that the file system does not accept
        return False
