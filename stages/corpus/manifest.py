"""List a corpus's clips from its folder: ids, paths, texts, membership. Nothing is decoded here.

Mistakes in a manifest or a folder are found here, at little cost, before any work starts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.run.stage import require_declared
from stages.core.store.folders import files_below
from stages.core.store.jsonfile import artifact
from stages.corpus.membership import parse_member, random_half
from stages.corpus.params import CorpusParams
from stages.corpus.rows import MANIFESTS, ClipRow, find_manifest, read_rows

SIDES = {"members": True, "non_members": False}
"""The folders of ``member: folders``."""

SUFFIXES = frozenset(
    ".aac .aif .aifc .aiff .amr .au .caf .flac .m4a .mp3 .oga .ogg .opus .snd .w64 .wav .wma".split()  # noqa: SIM905
)
"""Suffixes of audio files in a folder without a manifest. Unreadable ones stop the ingest or are quarantined."""

_OWN_COLUMNS = {"clip_id", "path", "text", "speaker", "session"}


@dataclass(frozen=True)
class Entry:
    """One clip as its corpus lists it.

    Attributes
    ----------
    clip_id : str
    path : str
        Path of the recording, relative to the corpus's folder.
    place : str
        File and row that list the clip, for messages.
    text : str
        Transcript; blank if unknown.
    member : bool or None
        None if unknown.
    speaker, session : str or None
    attributes : dict of str to str
        The other columns whose cells are not blank.
    """

    clip_id: str
    path: str
    place: str
    text: str = ""
    member: bool | None = None
    speaker: str | None = None
    session: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


def read_entries(name: str, params: CorpusParams) -> list[Entry]:
    """List a corpus's clips, sorted by id, with membership as ``corpora.<name>.member`` says.

    Raises
    ------
    EarwitnessError
        In the cases of `listed_entries`, and for a path that leads to no file.
    """
    entries = listed_entries(name, params)
    check_paths(artifact("raw", name), entries)
    if params.corpora[name].member == "random_half":
        members = random_half([entry.clip_id for entry in entries], name, params.seed)
        entries = [replace(entry, member=entry.clip_id in members) for entry in entries]
    return sorted(entries, key=lambda entry: entry.clip_id)


def listed_entries(name: str, params: CorpusParams) -> list[Entry]:
    """List a corpus's clips without opening the recordings and without drawing members.

    Raises
    ------
    EarwitnessError
        For a corpus that is not declared, a folder without manifest and audio, a missing column, a blank or repeated
        id, an invalid membership, or a path that is blank or leaves the folder.
    """
    require_declared(dict(params.corpora), "corpora", name)
    folder = artifact("raw", name)
    if not folder.is_dir():
        raise EarwitnessError(f"{folder}: missing: put the corpus there, or link it (params.yaml: corpora.{name})")
    mode = params.corpora[name].member
    if mode == "folders":
        entries = _both_sides(folder, name)
    else:
        entries = _one_folder(folder, "", needs_member=mode == "column", name=name)
    _check_ids(entries)
    return entries


def _both_sides(folder: Path, name: str) -> list[Entry]:
    sides = {}
    for side, member in SIDES.items():
        if not (folder / side).is_dir():
            raise EarwitnessError(
                f"{folder / side}: missing: make it, or change params.yaml: corpora.{name}.member from 'folders'"
            )
        listed = _one_folder(folder, side, needs_member=False, name=name)
        sides[side] = [replace(entry, member=member) for entry in listed]
        _check_ids(sides[side])
    members, others = ({entry.clip_id for entry in entries} for entries in sides.values())
    collide = members & others
    return [
        replace(entry, clip_id=f"{side}/{entry.clip_id}") if entry.clip_id in collide else entry
        for side, entries in sides.items()
        for entry in entries
    ]


def _one_folder(folder: Path, inside: str, needs_member: bool, name: str) -> list[Entry]:
    """List one folder by its manifest, or by its audio files if it has none."""
    manifest = find_manifest(folder / inside)
    if manifest:
        required = ("clip_id", "path", "text", *(("member",) if needs_member else ()))
        return [_entry(row, inside, needs_member) for row in read_rows(manifest, required)]
    entries = _plain_audio(folder / inside, inside)
    if not entries:
        raise EarwitnessError(
            f"{folder / inside}: no manifest and no audio: add {MANIFESTS[0]} with the columns clip_id, path, text"
        )
    if needs_member:
        raise EarwitnessError(
            f"{folder / MANIFESTS[0]}: missing, so no column 'member' exists: write the manifest, "
            f"or change params.yaml: corpora.{name}.member to 'random_half' or 'folders'"
        )
    return entries


def _plain_audio(folder: Path, inside: str) -> list[Entry]:
    found = [Path(file.path) for file in files_below(folder) if not Path(file.path).name.startswith(".")]
    return [
        Entry(path.with_suffix("").as_posix(), posixpath.join(inside, path.as_posix()), str(folder / path))
        for path in found
        if path.suffix.lower() in SUFFIXES
    ]


def _entry(row: ClipRow, inside: str, needs_member: bool) -> Entry:
    cells = row.cells
    own = _OWN_COLUMNS | ({"member"} if needs_member else set())
    return Entry(
        clip_id=_filled(row, "clip_id"),
        path=_inside(row, inside),
        place=row.place,
        text=cells.get("text", ""),
        member=parse_member(cells.get("member", ""), row.place) if needs_member else None,
        speaker=cells.get("speaker") or None,
        session=cells.get("session") or None,
        attributes={key: value for key, value in sorted(cells.items()) if key not in own and value},
    )


def _filled(row: ClipRow, column: str) -> str:
    value = row.cells.get(column, "").strip()
    if not value:
        raise EarwitnessError(f"{row.place}: column {column!r} is blank: fill it in")
    return value


def _inside(row: ClipRow, inside: str) -> str:
    """Return the row's path relative to the corpus's folder; ``..`` is resolved in the text of the path alone."""
    path = _filled(row, "path").replace("\\", "/")
    joined = posixpath.normpath(posixpath.join(inside, path))
    if posixpath.isabs(path) or joined.split("/")[0] == "..":
        raise EarwitnessError(
            f"{row.place}: column 'path': {path!r} leaves the corpus's folder: put a link to the recordings inside it"
        )
    return joined


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
