"""Read a manifest, CSV, JSONL or Parquet, as rows of text that know where they stand."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stages.core.errors import EarwitnessError

MANIFESTS = ("manifest.csv", "manifest.jsonl", "manifest.parquet")


class Row(NamedTuple):
    """One row of a manifest.

    Attributes
    ----------
    place : str
        File and row, for messages: rows are counted as a spreadsheet does (the header of a CSV is row 1), lines of
        JSONL and rows of Parquet from 1.
    cells : dict of str to str
        By column; blank where the row says nothing.
    """

    place: str
    cells: dict[str, str]


def find_manifest(folder: Path) -> Path | None:
    """Return the manifest of a folder, or None where there is none.

    Raises
    ------
    EarwitnessError
        If there are several.
    """
    found = [folder / name for name in MANIFESTS if (folder / name).is_file()]
    if len(found) > 1:
        raise EarwitnessError(f"{found[0]}: {found[1].name} lies beside it: keep one manifest")
    return found[0] if found else None


def read_rows(manifest: Path, required: tuple[str, ...]) -> list[Row]:
    """Read a manifest's rows.

    Parameters
    ----------
    manifest : Path
        One of `MANIFESTS`.
    required : tuple of str
        Columns that it must have.

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


def _csv_rows(manifest: Path) -> Iterator[Row]:
    with manifest.open(encoding="utf-8-sig", newline="") as handle:
        try:
            lines = csv.reader(handle, strict=True)
            header = [name.strip() for name in next(lines, [])]
            _check_header(manifest, header)
            for number, line in enumerate(lines, start=2):
                if line:
                    yield _csv_row(f"{manifest}, row {number}", header, line)
        except csv.Error as error:
            raise EarwitnessError(f"{manifest}, line {lines.line_num}: {error}: correct the CSV") from error


def _check_header(manifest: Path, header: list[str]) -> None:
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise EarwitnessError(f"{manifest}, row 1: column {twice[0]!r} appears twice: rename one")


def _csv_row(place: str, header: list[str], line: list[str]) -> Row:
    if len(line) != len(header):
        raise EarwitnessError(f"{place}: {len(line)} cells under {len(header)} columns: quote cells that hold a comma")
    return Row(place, dict(zip(header, line, strict=True)))


def _json_rows(manifest: Path) -> Iterator[Row]:
    with manifest.open(encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                yield _json_row(f"{manifest}, row {number}", line)


def _json_row(place: str, line: str) -> Row:
    try:
        content = json.loads(line)
    except json.JSONDecodeError as error:
        raise EarwitnessError(f"{place}: not JSON ({error.msg}): write one object per line") from error
    if not isinstance(content, dict):
        raise EarwitnessError(f"{place}: not a JSON object: write one object per line")
    cells = {key: _text(value) for key, value in content.items()}
    try:
        "".join(cells.values()).encode()
    except UnicodeEncodeError as error:
        raise EarwitnessError(f"{place}: holds half a character (\\u escapes must pair): correct the escape") from error
    return Row(place, cells)


def _parquet_rows(manifest: Path) -> Iterator[Row]:
    from stages.core.artifacts import read_groups  # pyarrow is needed for this kind of manifest only

    number = 0
    for table in read_groups(manifest):
        for content in table.to_pylist():
            number += 1
            yield Row(f"{manifest}, row {number}", {key: _text(value) for key, value in content.items()})


def _text(value: Any) -> str:
    """Write a cell as a CSV would hold it: null is blank, what is nested stays JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
