"""Which layout a folder has, and in which folder below a corpus's its lists lie."""

from __future__ import annotations

from pathlib import Path

import stages.corpus.sources  # noqa: F401  # registers the sources
from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.corpus.sources.manifest import is_own_name
from stages.corpus.sources.source import SOURCES

NO_LIST = "audio_files"
"""The source of a folder in which no list is recognised."""

RECORDINGS = "recordings"
"""The link that ``earwitness add corpus`` makes to a folder of recordings."""

SIDES = {"members": True, "non_members": False}
"""The folders of ``member: folders``, each with whether its clips are members."""

_OWN = "manifest"
_DEEPEST = 5
"""Most folders that are passed through because nothing lies beside them."""


def layout_of(folder: Path, corpus: Corpus) -> str:
    """Return the layout of a folder, a name of `SOURCES`: the one that params name, or that is recognised.

    A file named manifest comes before other layouts, and other layouts before a list with a name of its own.

    Raises
    ------
    EarwitnessError
        For two layouts at once.
    """
    if corpus.source != "auto":
        if corpus.source not in SOURCES:
            known = ", ".join(["auto", *SOURCES])
            raise EarwitnessError(
                f"params.yaml: corpora: source: {corpus.source!r} is not a layout: use one of {known}"
            )
        return corpus.source
    found = _recognised(folder)
    if _OWN in found and (len(found) == 1 or is_own_name(found[_OWN])):
        return _OWN
    found.pop(_OWN, None)
    if len(found) > 1:
        first, second, *_ = found
        raise EarwitnessError(
            f"{folder}: {found[first]} is of the layout {first}, and {found[second]} of {second}: say which is read in "
            f"params.yaml: corpora: source, such as {{source: {first}}}"
        )
    return next(iter(found), NO_LIST)


def _recognised(folder: Path) -> dict[str, str]:
    """Return, for each layout that a folder may have, the file or folder that shows it."""
    found = {layout: SOURCES[layout].recognises(folder) for layout in SOURCES}
    return {layout: shown for layout, shown in found.items() if shown}


def folders_read(folder: Path, corpus: Corpus) -> list[str]:
    """Return the folders, relative to a corpus's, that are read: both sides for ``member: folders``, else one."""
    if corpus.member != "folders":
        return [_place_of_list(folder, "", corpus)]
    above = _through_links(folder)
    sides = [f"{above}/{side}" if above else side for side in SIDES]
    return [_place_of_list(folder, side, corpus) if (folder / side).is_dir() else side for side in sides]


def has_sides(folder: Path) -> bool:
    """Return whether a corpus's folder, or the one that its only link leads to, has the folders of both sides."""
    return folder.is_dir() and all((folder / _through_links(folder) / side).is_dir() for side in SIDES)


def folders_above_sides(folder: Path) -> list[Path]:
    """Return the folders in which a list of both sides may lie: where they or their links lie, and where links lead."""
    above = folder / _through_links(folder)
    parents = {(above / side).resolve().parent for side in SIDES}
    return [above, *(parents if len(parents) == 1 and parents != {above.resolve()} else ())]


def _place_of_list(folder: Path, inside: str, corpus: Corpus) -> str:
    """Return the folder, relative to a corpus's, whose layout is read.

    It is `inside`, or the folder below it that a chain of folders with nothing beside them leads to: through links in
    any case, through other folders if a layout is recognised at the end.
    """
    linked = _through_links(folder, inside)
    place = linked
    for _ in range(_DEEPEST):
        if _has_layout(folder / place, corpus):
            return place
        only = _only_folder(folder / place)
        if not only:
            break
        place = f"{place}/{only}" if place else only
    return linked


def _through_links(folder: Path, inside: str = "") -> str:
    """Return the folder, relative to a corpus's, that links with nothing beside them lead to."""
    for _ in range(_DEEPEST):
        only = _only_folder(folder / inside)
        if not only or not (folder / inside / only).is_symlink():
            break
        inside = f"{inside}/{only}" if inside else only
    return inside


def _has_layout(folder: Path, corpus: Corpus) -> bool:
    if corpus.source == "auto":
        return bool(_recognised(folder))
    return corpus.source in SOURCES and bool(SOURCES[corpus.source].recognises(folder))


def _only_folder(folder: Path) -> str:
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return entries[0].name if len(entries) == 1 and entries[0].is_dir() else ""
