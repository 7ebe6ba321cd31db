"""Files of a layout below a folder, found without opening them; hidden ones are passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.store.folders import files_below
from stages.corpus.sources.source import Listed

SOUND_SUFFIXES = (
    *(".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a", ".mp2", ".mp3", ".mpga", ".oga"),
    *(".ogg", ".opus", ".rf64", ".snd", ".sph", ".voc", ".w64", ".wav", ".wave", ".wma"),
)
"""Of files that are taken for recordings, so that an unreadable one stops the ingest or is quarantined. Any other file
is a recording if its first bytes say so."""

OFTEN_SOUND = (*SOUND_SUFFIXES, ".webm")
"""A browser records sound as ``.webm``, which may be a video too."""

_DEEPEST = 3


def paths_below(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Return the paths of the files with one of the suffixes, relative to the folder and sorted."""
    paths = (found.path for found in files_below(folder))
    return [path for path in paths if path.lower().endswith(suffixes) and not _hidden(path)]


def first_below(folder: Path, suffixes: tuple[str, ...]) -> str:
    """Return the path of the first file with one of the suffixes, as `first_matching` does."""
    return first_matching(folder, lambda name: name.lower().endswith(suffixes))


def first_matching(folder: Path, matches: Callable[[str], bool]) -> str:
    """Return the path of the first file whose name matches, at most three folders deep; blank if there is none.

    Folders are taken level by level, so that a file at the top is found without a walk through all.
    """
    level = [""]
    for _ in range(_DEEPEST + 1):
        below: list[str] = []
        for prefix in level:
            names, folders = _listed(folder / prefix)
            if found := next(filter(matches, names), ""):
                return prefix + found
            below += [f"{prefix}{name}/" for name in folders]
        level = below
    return ""


def loose_sounds(folder: Path) -> bool:
    """Return whether recordings lie in a folder as files of their own."""
    return bool(first_below(folder, OFTEN_SOUND))


def nothing_taken(folder: Path, found: Listed, what: str) -> None:
    """Refuse a folder of which no row can be taken.

    Raises
    ------
    EarwitnessError
        The message has the first reason.
    """
    if found.rows:
        return
    if not found.set_aside:
        raise EarwitnessError(f"{folder}: no clips in its {what}: every file is empty")
    first, more = found.set_aside[0], len(found.set_aside) - 1
    raise EarwitnessError(
        f"{folder / first.path}: no clip can be taken from the {what}: {first.reason}"
        + (f", and {more} more files or rows" if more else "")
    )


def _hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _listed(folder: Path) -> tuple[list[str], Collection[str]]:
    """Return the names of a folder's files and of its folders, both sorted and without hidden ones."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not entry.name.startswith(".")), key=lambda one: one.name)
            files = [entry.name for entry in entries if entry.is_file()]
            return files, [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return [], []
