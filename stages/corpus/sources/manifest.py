"""The house's own layout: a list named manifest, or one of another name that stands alone, beside or above the sounds.

It is CSV (with commas, semicolons or tabs), TSV, JSONL, JSON or Parquet.
"""

from __future__ import annotations

from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.corpus.lists.columns import holds_sounds, path_in
from stages.corpus.lists.files import ListedFiles
from stages.corpus.sources.reading import READERS, head, read_rows
from stages.corpus.sources.source import Listed, source

OWN_STEM = "manifest"


def find_manifest(folder: Path) -> Path | None:
    """Return the file of a folder that is named manifest, in any case, or None if there is none.

    Raises
    ------
    EarwitnessError
        If the folder has several.
    """
    found = [file for file in tables_in(folder) if is_own_name(file.name)]
    if len(found) > 1:
        raise EarwitnessError(f"{found[0]}: the folder also has {found[1].name}: keep one manifest")
    return found[0] if found else None


def is_own_name(name: str) -> bool:
    """Return whether a file's name is manifest, in any case, with the suffix of a list."""
    return Path(name).stem.lower() == OWN_STEM and Path(name).suffix.lower() in READERS


def tables_in(folder: Path) -> list[Path]:
    """Return the files of a folder that have the suffix of a list, sorted by name."""
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in READERS and not file.name.startswith(".") and file.is_file()
    )


def lists_in(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted by name, whose first row names a recording that is there."""
    files = ListedFiles(folder)
    return [file for file in tables_in(folder) if (path := path_in(head(file))) and _is_there(files, path)]


def _is_there(files: ListedFiles, path: str) -> bool:
    try:
        return files.is_file(files.find(path, ("",), ""))
    except EarwitnessError:  # a path that leaves the folder
        return False


def only_list(folder: Path, part: str, lists: list[Path]) -> Path:
    """Return the list whose name (without its suffix) is `part`, or the only one.

    Raises
    ------
    EarwitnessError
        If there is none, or if there are several and `part` is none.
    """
    named = [file for file in lists if part in (NONE, file.stem, file.name)]
    if len(named) == 1:
        return named[0]
    if not named:
        there = ", ".join(file.name for file in lists) or "none"
        asked = f" named {part!r}" if part != NONE else ""
        raise EarwitnessError(f"{folder}: no list of recordings{asked} (there is {there}): correct the name or add it")
    raise EarwitnessError(
        f"{folder}: {named[0].name} and {named[1].name} are both lists of recordings: say which is read in "
        f"params.yaml: corpora: part, such as {{part: {named[0].stem}}}"
    )


def _recognised(folder: Path) -> str:
    found = find_manifest(folder)
    if found:
        return "" if holds_sounds(head(found)) else found.name
    return next((file.name for file in lists_in(folder)), "")


@source("manifest", recognises=_recognised)
def read_manifest(folder: Path, corpus: Corpus) -> Listed:
    """Read a manifest: `corpora.X.part` names it; else it is the file named manifest, or the only list."""
    manifest = find_manifest(folder) if corpus.part == NONE else None
    if manifest is None:
        lists = tables_in(folder) if corpus.part != NONE else lists_in(folder)
        manifest = only_list(folder, corpus.part, lists)
    notes = [] if is_own_name(manifest.name) else [f"{manifest}: is read as the list of the recordings"]
    return Listed(read_rows(manifest), notes=notes)
