"""CSV files that people may have edited, as rows of text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from stages.core.errors import EarwitnessError


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as `numbered_rows` does, without the numbers."""
    return [row for _, row in numbered_rows(path)]


def numbered_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield a CSV file's rows with their numbers; the header is row 1.

    Empty rows, a byte-order mark and spaces around the header's names are ignored.

    Raises
    ------
    EarwitnessError
        If it is not UTF-8 or not CSV, names a column twice, or a row has more or fewer cells than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = [name.strip() for name in next(lines, [])]
            twice = [name for name in header if header.count(name) > 1]
            if twice:
                raise EarwitnessError(f"{path}, row 1: column {twice[0]!r} appears twice: rename one")
            for number, line in enumerate(lines, start=2):
                if line:
                    yield number, _row(header, line, f"{path}, row {number}")
    except UnicodeDecodeError as error:
        raise EarwitnessError(f"{path}: not UTF-8: save it as UTF-8") from error
    except csv.Error as error:
        raise EarwitnessError(f"{path}, line {lines.line_num}: {error}: correct the CSV") from error


def _row(header: list[str], line: list[str], place: str) -> dict[str, str]:
    if len(line) != len(header):
        raise EarwitnessError(f"{place}: {len(line)} cells under {len(header)} columns: quote cells that hold a comma")
    return dict(zip(header, line, strict=True))
