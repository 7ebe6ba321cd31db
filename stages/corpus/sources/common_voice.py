"""Common Voice: TSV lists such as ``validated.tsv`` beside the folder ``clips``, for one language or for several.

Three layouts are read: Mozilla's own (also that of the Mozilla Data Collective, with ``audios`` for spontaneous
speech), and the Hub's, where ``transcript/<language>/<split>.tsv`` lists the sounds of ``audio/<language>/<split>``:
files, or tars of files.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.core.store.csvfile import numbered_rows
from stages.core.store.folders import files_below
from stages.core.store.tars import TarError, members
from stages.corpus.lists.delimited import csv_head
from stages.corpus.sources.reading import read_rows
from stages.corpus.sources.source import Listed, Row, SetAside, source

DEFAULT = "validated"
_SPEAKER = "client_id"
_PATHS = ("path", "audio_file")
_SOUNDS = ("clips", "audios")


class _List(NamedTuple):
    """A TSV, and the folder of its sounds, both relative to the folder that is read."""

    tsv: str
    sounds: str

    @property
    def part(self) -> str:
        return PurePosixPath(self.tsv).stem


def _lists(folder: Path) -> Iterator[_List]:
    """Yield the lists of a folder: its own, those of a folder for each language, and those of the Hub's layout."""
    for inside in ("", *_folders(folder)):
        yield from _mozilla(folder, inside)
    for language in _folders(folder / "transcript"):
        for tsv in sorted((folder / "transcript" / language).glob("*.tsv")):
            if _is_list(tsv):
                yield _List(f"transcript/{language}/{tsv.name}", f"audio/{language}/{tsv.stem}")


def _mozilla(folder: Path, inside: str) -> Iterator[_List]:
    prefix = f"{inside}/" if inside else ""
    sounds = [name for name in _SOUNDS if (folder / inside / name).is_dir()]
    if sounds:
        for tsv in sorted((folder / inside).glob("*.tsv")):
            if _is_list(tsv):
                yield _List(prefix + tsv.name, prefix + sounds[0])


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _is_list(tsv: Path) -> bool:
    try:
        row = csv_head(tsv) or _raw_head(tsv)
    except (EarwitnessError, OSError):
        row = _raw_head(tsv)
    return _SPEAKER in row and any(column in row for column in _PATHS)


def _raw_head(tsv: Path) -> dict[str, object]:
    try:
        return dict(next(numbered_rows(tsv, delimiter="\t", quoted=False), (0, {}))[1])
    except (EarwitnessError, OSError):
        return {}


def _recognised(folder: Path) -> str:
    return next((found.tsv for found in _lists(folder)), "")


@source("common_voice", recognises=_recognised)
def read_common_voice(folder: Path, corpus: Corpus) -> Listed:
    """Read the lists ``validated.tsv`` of every language; `corpora.X.part` names another one, such as train."""
    lists = list(_lists(folder))
    chosen = [found for found in lists if found.part == (DEFAULT if corpus.part == NONE else corpus.part)]
    if not chosen and corpus.part == NONE and len({found.part for found in lists}) == 1:
        chosen = lists
    if not chosen:
        there = ", ".join(sorted({found.part for found in lists})) or "none"
        asked = DEFAULT if corpus.part == NONE else corpus.part
        raise EarwitnessError(
            f"{folder}: no list {asked}.tsv of Common Voice (there is {there}): name one in params.yaml: corpora: part"
        )
    found = Listed([], notes=[f"{folder}: {', '.join(one.tsv for one in chosen)} is read as Common Voice"])
    for one in chosen:
        _read_list(folder, one, found)
    counts = Counter(row.clip_id for row in found.rows)
    # Where languages share a name, ids are made of the paths.
    rows = [row if counts[row.clip_id] == 1 else replace(row, clip_id="") for row in found.rows]
    return replace(found, rows=rows)


def _read_list(folder: Path, one: _List, found: Listed) -> None:
    sounds = _sounds(folder, one.sounds, found)
    for row in read_rows(folder / one.tsv, reader=_raw_rows):
        listed = next((str(row.cells[column]) for column in _PATHS if row.cells.get(column)), "")
        name = PurePosixPath(listed.replace("\\", "/")).name
        there = sounds.get(name) or sounds.get(PurePosixPath(name).stem, [])
        if len(there) == 1:
            cells = {column: value for column, value in row.cells.items() if column not in _PATHS}
            found.rows.append(Row(row.place, cells, there[0], PurePosixPath(name).stem, row.table))
        else:
            count = f"{len(there)} sounds" if there else "no sound"
            reason = f"{count} of that name in {one.sounds} ({row.place})"
            found.set_aside.append(SetAside(PurePosixPath(name).stem, f"{one.sounds}/{name}", reason))


def _raw_rows(tsv: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a TSV in which quotes are part of the text."""
    return ((number, dict(cells)) for number, cells in numbered_rows(tsv, delimiter="\t", quoted=False))


def _sounds(folder: Path, inside: str, found: Listed) -> dict[str, list[Recording]]:
    """Return where the sounds of a folder lie, by their names with and without suffix; also those in its tars.

    A tar that is cut gives the sounds before the cut, and is set aside with the reason.
    """
    sounds: dict[str, list[Recording]] = defaultdict(list)
    for file in files_below(folder / inside):
        path = f"{inside}/{file.path}"
        if not path.endswith(".tar"):
            _add(sounds, path, Recording(path))
            continue
        try:
            for member in members(folder / path):
                _add(sounds, member.name, Recording(path, offset=member.offset, size=member.size))
        except TarError as error:
            found.set_aside.append(SetAside(path, path, str(error)))
    return sounds


def _add(sounds: dict[str, list[Recording]], path: str, recording: Recording) -> None:
    sounds[PurePosixPath(path).name].append(recording)
    sounds[PurePosixPath(path).stem].append(recording)
