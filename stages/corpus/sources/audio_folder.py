"""Hugging Face's audio folder: ``metadata.csv``, ``.jsonl`` or ``.parquet`` beside the sounds, with ``file_name``.

A folder of splits has one such file, or one in each split's folder.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.corpus.sources.manifest import tables_in
from stages.corpus.sources.reading import head, read_rows
from stages.corpus.sources.source import Listed, source

STEM = "metadata"
COLUMN = "file_name"


def _metadata(folder: Path) -> list[Path]:
    """Return the metadata files of a folder, else those of the folders in it."""
    here = _at(folder)
    if here:
        return here
    below = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return [file for entry in below for file in _at(entry)]


def _at(folder: Path) -> list[Path]:
    found = [file for file in tables_in(folder) if file.stem.lower() == STEM]
    return [file for file in found if COLUMN in head(file)]


def _recognised(folder: Path) -> str:
    found = _metadata(folder)
    return found[0].relative_to(folder).as_posix() if found else ""


@source("audio_folder", recognises=_recognised)
def read_audio_folder(folder: Path, corpus: Corpus) -> Listed:
    """Read the metadata of an audio folder; `corpora.X.part` names one of its splits, which are sub-folders."""
    files = _metadata(folder)
    if corpus.part != NONE:
        files = _at(folder / corpus.part) if (folder / corpus.part).is_dir() else []
        if not files and _at(folder):
            return _one_split(_at(folder), corpus.part)
    if not files:
        asked = f"{corpus.part}/" if corpus.part != NONE else ""
        raise EarwitnessError(
            f"{folder}/{asked}: no {STEM}.csv, .jsonl or .parquet with the column {COLUMN}: correct the name or add it"
        )
    for file, other in pairwise(files):
        if file.parent == other.parent:
            raise EarwitnessError(f"{file}: the folder also has {other.name}: keep one")
    return Listed([row for file in files for row in read_rows(file, _inside(file, folder))])


def _one_split(files: list[Path], part: str) -> Listed:
    """Read those rows of a folder's one list whose sounds lie in the split's folder."""
    rows = read_rows(files[0])
    own = [row for row in rows if str(row.cells.get(COLUMN)).replace("\\", "/").startswith(f"{part}/")]
    if not own:
        raise EarwitnessError(f"{files[0]}: no {COLUMN} begins with {part + '/'!r}: correct params.yaml: corpora: part")
    return Listed(own, notes=[f"{files[0]}: {len(rows) - len(own)} rows of other splits than {part!r} are not read"])


def _inside(file: Path, folder: Path) -> str:
    inside = file.parent.relative_to(folder).as_posix()
    return "" if inside == "." else inside
