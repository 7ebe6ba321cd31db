"""List a corpus's clips from its folder: ids, recordings, texts, membership. Nothing is decoded here.

Mistakes in a list or a folder are found here, at little cost, before any work starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import stages.corpus.sources  # noqa: F401  # registers the sources
from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared
from stages.core.store.jsonfile import artifact
from stages.corpus.entries import Entry, entry_of
from stages.corpus.expansion import expanded
from stages.corpus.params import CorpusParams
from stages.corpus.rows import MANIFESTS
from stages.corpus.sources.source import SOURCES, Listed, SetAside

SIDES = {"members": True, "non_members": False}
"""The folders of ``member: folders``."""

NO_LIST = "audio_files"
"""The source of a folder in which no list is recognised."""

RECORDINGS = "recordings"
"""The link that ``earwitness add corpus`` makes to a folder of recordings."""


@dataclass(frozen=True)
class Listing:
    """What a corpus's folder lists: clips, what gives none, lines about how it was read, and the layouts' names."""

    entries: list[Entry]
    set_aside: list[SetAside]
    notes: list[str]
    sources: list[str] = field(default_factory=list)


def read_listing(name: str, params: CorpusParams) -> Listing:
    """List a corpus's clips, sorted by id. Members of ``member: random_half`` are not drawn yet.

    Raises
    ------
    EarwitnessError
        In the cases of `listed`, and for a path that leads to no file.
    """
    listing = listed(name, params)
    folder = artifact("raw", name)
    check_paths(folder, listing.entries)
    entries, notes = expanded(listing.entries, folder, params.corpora[name], params.corpus, params.compute)
    _check_ids(entries)
    return replace(listing, entries=sorted(entries, key=lambda entry: entry.clip_id), notes=[*listing.notes, *notes])


def listed(name: str, params: CorpusParams) -> Listing:
    """List a corpus's clips without opening the recordings.

    Raises
    ------
    EarwitnessError
        For a corpus that is not declared, a folder without list and audio, a missing column, a blank or repeated id,
        an invalid membership, or a path that is blank or leaves the folder.
    """
    require_declared(dict(params.corpora), "corpora", name)
    folder = artifact("raw", name)
    if not folder.is_dir():
        raise EarwitnessError(f"{folder}: missing: put the corpus there, or link it (params.yaml: corpora.{name})")
    corpus = params.corpora[name]
    if corpus.member == "folders":
        found = _both_sides(folder, name, corpus)
    else:
        found = _one_folder(folder, place_of_list(folder), name, corpus)
    _check_ids(found.entries)
    return found


def place_of_list(folder: Path) -> str:
    """Return the folder, relative to a corpus's, that holds its list: `RECORDINGS` if nothing lies beside that link."""
    entries = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
    return RECORDINGS if entries == [RECORDINGS] and (folder / RECORDINGS).is_dir() else ""


def _both_sides(folder: Path, name: str, corpus: Corpus) -> Listing:
    sides = {}
    for side, member in SIDES.items():
        if not (folder / side).is_dir():
            raise EarwitnessError(
                f"{folder / side}: missing: make it, or change params.yaml: corpora.{name}.member from 'folders'"
            )
        found = _one_folder(folder, side, name, corpus)
        sides[side] = replace(found, entries=[replace(entry, member=member) for entry in found.entries])
        _check_ids(sides[side].entries)
    members, others = ({entry.clip_id for entry in found.entries} for found in sides.values())
    collide = members & others
    entries = [
        replace(entry, clip_id=f"{side}/{entry.clip_id}") if entry.clip_id in collide else entry
        for side, found in sides.items()
        for entry in found.entries
    ]
    both = sides.values()
    return Listing(
        entries,
        [row for side in both for row in side.set_aside],
        [note for side in both for note in side.notes],
        [source for side in both for source in side.sources],
    )


def _one_folder(folder: Path, inside: str, name: str, corpus: Corpus) -> Listing:
    """List one folder by the layout that params name or that is recognised."""
    layout = layout_of(folder / inside, corpus)
    found = SOURCES[layout].read(folder / inside, corpus)
    with_member = corpus.member == "column"
    _check_found(folder / inside, layout, found, name, with_member)
    entries = [entry_of(row, inside, with_member=with_member) for row in found.rows]
    return Listing(entries, found.set_aside, found.notes, [layout])


def layout_of(folder: Path, corpus: Corpus) -> str:
    """Return the layout of a folder, a name of `SOURCES`: the one that params name, or that is recognised."""
    if corpus.source != "auto":
        return corpus.source
    recognised = [layout for layout in SOURCES if SOURCES[layout].recognises(folder)]
    return recognised[0] if recognised else NO_LIST


def _check_found(folder: Path, layout: str, found: Listed, name: str, with_member: bool) -> None:
    if not found.rows:
        raise EarwitnessError(
            f"{folder}: no manifest and no audio: add {MANIFESTS[0]} with the columns clip_id, path, text"
        )
    if with_member and layout == NO_LIST:
        raise EarwitnessError(
            f"{folder / MANIFESTS[0]}: missing, so no column 'member' exists: write the manifest, "
            f"or change params.yaml: corpora.{name}.member to 'random_half' or 'folders'"
        )


def _check_ids(entries: Iterable[Entry]) -> None:
    places: dict[str, str] = {}
    for entry in entries:
        if entry.clip_id in places:
            raise EarwitnessError(
                f"{entry.place}: clip_id {entry.clip_id!r} is taken by {places[entry.clip_id]}: make ids unique"
            )
        places[entry.clip_id] = entry.place


def check_paths(folder: Path, entries: Iterable[Entry]) -> None:
    """Check that each entry's path leads to a file.

    Raises
    ------
    EarwitnessError
        The message names the first row whose path does not, and the number of others.
    """
    absent = [entry for entry in entries if not _is_file(folder / entry.path)]
    if absent:
        more = f", and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise EarwitnessError(
            f"{absent[0].place}: column 'path': {folder / absent[0].path} is not a file{more}: "
            "correct the path or put the recording there"
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that the file system does not accept
        return False
