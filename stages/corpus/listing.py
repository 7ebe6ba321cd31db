"""List a corpus's clips from its folder: ids, recordings, texts, membership. Nothing is decoded here.

Mistakes in a list or a folder are found here, at little cost, before any work starts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared
from stages.core.store.forgotten import FORGOTTEN, ForgottenSpeakers
from stages.core.store.jsonfile import artifact
from stages.corpus.entries import Entry
from stages.corpus.expansion import expanded
from stages.corpus.folder import refuse_unread_lists, unnamed_sounds, unread_texts
from stages.corpus.hub import asks_hub, fetch
from stages.corpus.lists.files import ListedFiles, printable
from stages.corpus.params import CorpusParams
from stages.corpus.recognition import NO_LIST, SIDES, folders_above_sides, folders_read, layout_of
from stages.corpus.sources.source import SOURCES, SetAside
from stages.corpus.table import entries_of
from stages.corpus.timed.transcript import FORMS


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
        For a corpus that is not declared, a folder without list and audio, a list that is not read, a missing column,
        a blank or repeated id, an invalid membership, or a path that is blank or leaves the folder.
    """
    require_declared(dict(params.corpora), "corpora", name)
    folder = artifact("raw", name)
    if asks_hub(params.corpora[name]):
        fetch(folder, params.corpora[name], f"params.yaml: corpora.{name}")
    if not folder.is_dir():
        raise EarwitnessError(
            f"{folder}: missing: put the corpus there, or link it (params.yaml: corpora.{name}), or get its clips from "
            f"a remote: dvc pull corpus@{name}"
        )
    if params.corpora[name].member == "folders":
        found = _both_sides(folder, name, params)
    else:
        (inside,) = folders_read(folder, params.corpora[name])
        found = _one_folder(folder, inside, name, params)
    _check_ids(found.entries)
    found = replace(found, notes=[*found.notes, *_names_alike(found.entries)])
    return _without_forgotten(found, name)


def _names_alike(entries: Iterable[Entry]) -> list[str]:
    """Return a line if files have names that look the same, because they differ only by Unicode composition."""
    spelled: dict[str, set[str]] = {}
    for entry in entries:
        if not entry.path.isascii():
            spelled.setdefault(unicodedata.normalize("NFC", entry.path), set()).add(entry.path)
    alike = [name for name, paths in spelled.items() if len(paths) > 1]
    return [f"names that differ only by Unicode composition: {len(alike)} ({alike[0]})"] if alike else []


def _without_forgotten(found: Listing, name: str) -> Listing:
    """Leave out the clips of speakers that `earwitness forget` has erased."""
    forgotten = ForgottenSpeakers(name)
    speakers = {entry.speaker for entry in found.entries if entry.speaker} if forgotten.hashes else set()
    gone = {speaker for speaker in speakers if speaker in forgotten}
    entries = [entry for entry in found.entries if entry.speaker not in gone]
    left_out = len(found.entries) - len(entries)
    notes = [f"{left_out} clips of forgotten speakers are left out ({FORGOTTEN})"] if left_out else []
    return replace(found, entries=entries, notes=[*found.notes, *notes])


def _both_sides(folder: Path, name: str, params: CorpusParams) -> Listing:
    sides = {}
    read = folders_read(folder, params.corpora[name])
    for side, inside in zip(SIDES, read, strict=True):
        if not (folder / inside).is_dir():
            raise EarwitnessError(
                f"{folder / inside}: missing: make it, or change params.yaml: corpora.{name}.member from 'folders'"
            )
        found = _one_folder(folder, inside, name, params)
        sides[side] = replace(found, entries=[replace(entry, member=SIDES[side]) for entry in found.entries])
        _check_ids(sides[side].entries)
    if params.corpora[name].source == "auto" and any(NO_LIST in found.sources for found in sides.values()):
        for above in folders_above_sides(folder):
            refuse_unread_lists(
                above,
                [entry.path for found in sides.values() for entry in found.entries],
                f"each side has its own list where params.yaml: corpora.{name}.member is 'folders'",
                deep=False,
            )
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


def _one_folder(folder: Path, inside: str, name: str, params: CorpusParams) -> Listing:
    """List one folder by the layout that params name or that is recognised."""
    corpus = params.corpora[name]
    layout = layout_of(folder / inside, corpus)
    found = SOURCES[layout].read(folder / inside, corpus)
    _check_found(folder / inside, layout, bool(found.rows or found.set_aside), name, corpus)
    entries, set_aside, notes = entries_of(found, ListedFiles(folder), inside, name, params)
    if layout != NO_LIST:
        named = [*(entry.path for entry in entries), *(row.path for row in set_aside)]
        notes = notes + unnamed_sounds(folder / inside, inside, named)
    elif corpus.source == "auto":
        prefix = f"{inside}/" if inside else ""
        sounds = [entry.path.removeprefix(prefix) for entry in entries]
        refuse_unread_lists(
            folder / inside,
            sounds,
            f"write manifest.csv from it, or set params.yaml: corpora.{name}.source to '{NO_LIST}' to go on without it"
            ", or split_at to 'silence' if it is SRT, VTT, CTM, TextGrid or JSON with times",
            read=() if corpus.split_at == "none" else FORMS,
        )
        notes = notes + (unread_texts(folder / inside, sounds) if corpus.split_at == "none" else [])
    return Listing(entries, set_aside, notes, [layout])


def _check_found(folder: Path, layout: str, found: bool, name: str, corpus: Corpus) -> None:
    if not found:
        raise EarwitnessError(
            f"{folder}: no manifest and no audio: add manifest.csv with the columns clip_id, path, text"
        )
    if corpus.member == "column" and layout == NO_LIST:
        raise EarwitnessError(
            f"{folder / 'manifest.csv'}: missing, so no column 'member' exists: write the manifest, "
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
    files = ListedFiles(folder)
    absent = [entry for entry in entries if not files.is_file(entry.path)]
    if absent:
        more = f", and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise EarwitnessError(
            f"{absent[0].place}: column 'path': {printable(str(folder / absent[0].path))} is not a file{more}: "
            "correct the path or put the recording there"
        )
