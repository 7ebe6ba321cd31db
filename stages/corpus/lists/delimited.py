"""Rows of CSV and TSV files; the character between the cells is found in the header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.store.csvfile import lines_of, numbered_rows

DELIMITERS = (",", ";", "\t", "|")
_FILE = re.compile(r".*\w\.([A-Za-z]\w{1,4})")


def csv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a CSV file whose cells are separated as those of its header are."""
    delimiter = delimiter_of(file)
    if next(lines_of(file), "").lstrip("\ufeff \t")[:1] in ("{", "["):
        raise EarwitnessError(f"{file}, row 1: holds JSON: give the file the suffix .jsonl or .json")
    for number, cells in numbered_rows(file, delimiter=delimiter):
        _check_one_row(f"{file}, row {number}", cells, delimiter)
        yield number, dict(cells)


def _check_one_row(place: str, cells: Mapping[str, str], delimiter: str) -> None:
    """Refuse a row that swallowed the next ones, because a quote is opened in it and closed in a later row.

    Then a cell has a line with a delimiter and the name of another file of the same kind as the row's own.
    """
    broken = [cell for cell in cells.values() if "\n" in cell or "\r" in cell]
    kinds = {suffix for cell in cells.values() if cell not in broken and (suffix := _suffix(cell))} if broken else set()
    for line in (line for cell in broken for line in cell.splitlines()[1:] if delimiter in line):
        if any(_suffix(part) in kinds for part in line.split(delimiter)):
            raise EarwitnessError(
                f"{place}: a cell holds what looks like another row ({line[:40]!r}): close the quote before it"
            )


def _suffix(cell: str) -> str:
    found = _FILE.fullmatch(cell.strip())
    return found[1].lower() if found else ""


def tsv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a TSV file.

    Some programs enclose cells in quotes there, others write quotes as part of the text. The first way is tried, then
    the second; if both fail, the first one's error is raised.
    """
    delimiter = delimiter_of(file, "\t")
    try:
        rows = list(numbered_rows(file, delimiter=delimiter))
        for number, cells in rows:
            _check_one_row(f"{file}, row {number}", cells, delimiter)
    except EarwitnessError as error:
        try:
            rows = list(numbered_rows(file, delimiter="\t", quoted=False))
        except EarwitnessError:
            raise error from None
    return ((number, dict(cells)) for number, cells in rows)


def delimiter_of(file: Path, first: str = ",") -> str:
    """Return the delimiter that stands most often in a file's first line; `first` if none does or on a tie."""
    header = next(lines_of(file), "")
    return max((first, *DELIMITERS), key=header.count)


def csv_head(file: Path) -> dict[str, object]:
    """Return the first row of a CSV or TSV file."""
    delimiter = delimiter_of(file, "\t" if file.suffix.lower() == ".tsv" else ",")
    found = next(islice(numbered_rows(file, delimiter=delimiter), 1), None)
    return dict(found[1]) if found else {}
