"""Read a manifest (CSV, JSONL or Parquet) as rows of text, each with its place for messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stages.core.errors import EarwitnessError
from stages.core.store.csvfile import numbered_rows

MANIFESTS = ("manifest.csv", "manifest.jsonl", "manifest.parquet")


class ClipRow(NamedTuple):
    """One row of a manifest.

    Attributes
    ----------
    place : str
        File and row, for messages. Rows of a CSV are counted as in a spreadsheet (the header is row 1); lines of JSONL
        and rows of Parquet are counted from 1.
    cells : dict of str to str
        The cell of each column; blank if the row has no value.
    """

    place: str
    cells: dict[str, str]


def find_manifest(folder: Path) -> Path | None:
    """Return the manifest of a folder, or None if it has none.

    Raises
    ------
    EarwitnessError
        If the folder has several manifests.
    """
    found = [folder / name for name in MANIFESTS if (folder / name).is_file()]
    if len(found) > 1:
        raise EarwitnessError(f"{found[0]}: the folder also has {found[1].name}: keep one manifest")
    return found[0] if found else None


def read_rows(manifest: Path, required: tuple[str, ...]) -> list[ClipRow]:
    """Read a manifest's rows.

    Parameters
    ----------
    manifest : Path
        One of `MANIFESTS`.
    required : tuple of str
        Columns that the manifest must have.

    Raises
    ------
    EarwitnessError
        If it cannot be read, has no row, or lacks a column.
    """
    reader = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[manifest.suffix]
    try:
        rows = list(reader(manifest))
    except UnicodeDecodeError as error:
        raise EarwitnessError(f"{manifest}: not UTF-8: save it as UTF-8") from error
    except OSError as error:
        raise EarwitnessError(f"{manifest}: cannot be read ({error.strerror or error}): correct it") from error
    if not rows:
        raise EarwitnessError(f"{manifest}: has no rows: list the clips in it")
    columns = dict.fromkeys(column for row in rows for column in row.cells)
    absent = [column for column in required if column not in columns]
    if absent:
        raise EarwitnessError(
            f"{manifest}: column {absent[0]!r} is missing (there is {', '.join(columns)}): add it"
            + ("" if absent[0] in ("clip_id", "path") else "; its cells may be blank")
        )
    return rows


def _csv_rows(manifest: Path) -> Iterator[ClipRow]:
    return (ClipRow(f"{manifest}, row {number}", cells) for number, cells in numbered_rows(manifest))


def _json_rows(manifest: Path) -> Iterator[ClipRow]:
    with manifest.open(encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                yield _json_row(f"{manifest}, row {number}", line)


def _json_row(place: str, line: str) -> ClipRow:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:  # also for an integer of thousands of digits and for endless nesting
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error).splitlines()[0]
        raise EarwitnessError(f"{place}: not JSON ({why}): write one object per line") from error
    if not isinstance(content, dict):
        raise EarwitnessError(f"{place}: not a JSON object: write one object per line")
    cells = {key: _text(value) for key, value in content.items()}
    try:
        "".join(cells.values()).encode()
    except UnicodeEncodeError as error:
        raise EarwitnessError(f"{place}: has an unpaired surrogate (\\ud800 to \\udfff): correct the escape") from error
    return ClipRow(place, cells)


def _parquet_rows(manifest: Path) -> Iterator[ClipRow]:
    import pyarrow as pa  # needed for this kind of manifest only
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(manifest) as file:
            for table in file.iter_batches():
                for content in table.to_pylist():
                    number += 1
                    yield ClipRow(f"{manifest}, row {number}", {key: _text(value) for key, value in content.items()})
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise EarwitnessError(f"{manifest}: not a whole Parquet file ({why}): write it again") from error


def _text(value: Any) -> str:
    """Return a cell's text as a CSV would hold it: null is blank, and nested values stay JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
