"""Files that a table names as they lay on the machine that wrote it."""

from __future__ import annotations

from pathlib import Path


def find_placed(folder: Path, inside: str, name: str) -> str | None:
    """Return the path below a folder of the file that a table names; None if there is none.

    The name is taken from the table's folder, or else from `folder`. If there is no such file, its beginning is left
    off, folder by folder, until the rest leads to one: ``/data/LibriSpeech/dev/1/2.flac`` is found as ``dev/1/2.flac``.
    A name with ``..`` is not searched for.

    Parameters
    ----------
    folder : Path
        The corpus's folder.
    inside : str
        The table's folder, relative to it; blank for the folder itself.
    name : str
        With ``/`` or backslashes.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        return None
    for start in range(len(parts)):
        rest = "/".join(parts[start:])
        for path in (f"{inside}/{rest}" if inside else rest, rest):
            if _is_file(folder / path):
                return path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that the file system does not accept
        return False
