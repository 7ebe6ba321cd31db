"""Read a list of recordings (CSV, TSV, semicolons, JSONL, JSON, Parquet) as rows, each with its place for messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.corpus.lists.delimited import csv_head, csv_rows, tsv_rows
from stages.corpus.lists.json_rows import json_head, json_lines, json_rows
from stages.corpus.lists.parquet_rows import parquet_head, parquet_rows
from stages.corpus.sources.source import Row

Cells = dict[str, object]
Numbered = Iterator[tuple[int, Cells]]

READERS: dict[str, Callable[[Path], Numbered]] = {
    ".csv": csv_rows,
    ".tsv": tsv_rows,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_rows,
    ".parquet": parquet_rows,
}
"""For a suffix in lower case, the reader of the rows with their numbers."""

_HEADS: dict[str, Callable[[Path], Cells]] = {
    ".csv": csv_head,
    ".tsv": csv_head,
    ".jsonl": json_head,
    ".ndjson": json_head,
    ".json": json_head,
    ".parquet": parquet_head,
}


def read_rows(file: Path, inside: str = "", reader: Callable[[Path], Numbered] | None = None) -> list[Row]:
    """Read the rows of a list.

    Rows of CSV and TSV are counted as in a spreadsheet (the header is row 1); lines of JSONL and rows of JSON and
    Parquet are counted from 1.

    Parameters
    ----------
    file : Path
        Its suffix is one of `READERS`, in any case.
    inside : str
        The list's folder, relative to the folder that is read; paths are looked for there first.
    reader : callable, optional
        In place of the suffix's.

    Raises
    ------
    EarwitnessError
        If it cannot be read, or has no row.
    """
    read = reader or READERS[file.suffix.lower()]
    try:
        rows = [Row(f"{file}, row {number}", cells, table=str(file), inside=inside) for number, cells in read(file)]
    except OSError as error:
        raise EarwitnessError(f"{file}: cannot be read ({error.strerror or error}): correct it") from error
    if not rows:
        raise EarwitnessError(f"{file}: has no rows: list the clips in it")
    return rows


def head(file: Path) -> Cells:
    """Return the cells of a list's first row; empty if it has none or is no such list. Only its beginning is read."""
    try:
        return _HEADS[file.suffix.lower()](file)
    except (EarwitnessError, OSError, ValueError, RecursionError):
        return {}
