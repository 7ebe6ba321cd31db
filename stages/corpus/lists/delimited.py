"""Rows of CSV and TSV files; the character between the cells is found in the header."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.store.csvfile import lines_of, numbered_rows

DELIMITERS = (",", ";", "\t", "|")


def csv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a CSV file whose cells are separated as those of its header are."""
    return ((number, dict(cells)) for number, cells in numbered_rows(file, delimiter=delimiter_of(file)))


def tsv_rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a TSV file.

    Some programs enclose cells in quotes there, others write quotes as part of the text. The first way is tried, then
    the second; if both fail, the first one's error is raised.
    """
    try:
        rows = list(numbered_rows(file, delimiter=delimiter_of(file, "\t")))
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
