"""CSV and TSV files that people may have edited, as rows of text with their true row numbers."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from stages.core.errors import EarwitnessError

LONGEST_CELL = 2**31 - 1
"""In characters. Python's own limit, 131,072, would stop a file for one long transcript."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as `numbered_rows` does, without the numbers."""
    return [row for _, row in numbered_rows(path)]


def lines_of(path: Path) -> Iterator[str]:
    """Yield a text file's lines with their ends, from UTF-8, or from UTF-16 or UTF-32 with a byte-order mark.

    A file that gzip packed is unpacked on the way.

    Raises
    ------
    EarwitnessError
        Naming the line, if the file is in another encoding or holds a zero byte, as UTF-16 without a mark does, or if
        a packed file is cut or damaged.
    """
    try:
        yield from _lines(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise EarwitnessError(f"{path}: cut short or damaged (gzip: {error}): fetch it again") from error


def _lines(path: Path) -> Iterator[str]:
    with _unpacked(path) as file:
        beginning = file.read(4)
    encoding = next((name for mark, name in _MARKS if beginning.startswith(mark)), "utf-8")
    number = 0
    try:
        with io.TextIOWrapper(_unpacked(path), encoding=encoding, newline="") as file:
            for number, line in enumerate(file, start=1):
                if "\0" in line:
                    raise EarwitnessError(f"{path}, line {number}: holds a zero byte: save it as text in UTF-8")
                yield line
    except UnicodeError as error:  # decoding runs ahead of the lines, so the bytes are searched
        where = f", line {_undecodable(path)}" if encoding.startswith("utf-8") else ""
        raise EarwitnessError(f"{path}{where}: not {encoding[:5].upper()}: save it as UTF-8") from error


def _unpacked(path: Path) -> IO[bytes]:
    """Open a file, or what gzip packed in it."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path)) if is_packed else path.open("rb")


def _undecodable(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with _unpacked(path) as file:
        return next((number for number, line in enumerate(file, start=1) if not _is_utf8(line)), 1)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def numbered_rows(path: Path, *, delimiter: str = ",", quoted: bool = True) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file with their numbers; the header is row 1.

    Rows are counted as in a spreadsheet, so that a cell with line breaks makes one row. Rows without any content, a
    byte-order mark, Excel's first line ``sep=;`` and spaces around the header's names are ignored.

    Parameters
    ----------
    path : Path
    delimiter : str
        The character between cells.
    quoted : bool
        Whether ``"`` encloses cells. Common Voice's TSV files have such characters as part of the text.

    Raises
    ------
    EarwitnessError
        If it is not text or not CSV, names a column twice, or a row has more or fewer cells than the header. A quote
        that is not closed is reported in the row that opens it.
    """
    csv.field_size_limit(LONGEST_CELL)
    lines = csv.reader(
        lines_of(path), delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    number, first_line = 0, 1
    header: list[str] | None = None
    try:
        for number, line in enumerate(lines, start=1):
            if header is None:
                if number == 1 and line == ["sep=", ""]:  # Excel's own line, which names the delimiter
                    continue
                header = _header(line, path)
            elif any(cell.strip() for cell in line):
                yield number, _row(header, line, f"{path}, row {number}", delimiter)
            first_line = lines.line_num + 1
    except csv.Error as error:
        where = f"{path}, row {number + 1} (line {first_line})"
        raise EarwitnessError(f"{where}: {_reason(str(error))}: correct the CSV") from error


def _reason(error: str) -> str:
    if error == "unexpected end of data":
        return 'a quote (") is opened and not closed'
    if "expected after" in error:
        return 'text follows a closing quote ("), or a quote is opened in an earlier cell and not closed'
    return error


def _header(line: list[str], path: Path) -> list[str]:
    header = [name.strip() for name in line]
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise EarwitnessError(f"{path}, row 1: column {twice[0]!r} appears twice: rename one")
    return header


def _row(header: list[str], line: list[str], place: str, delimiter: str) -> dict[str, str]:
    if len(line) != len(header):
        called = {",": "a comma", "\t": "a tab", ";": "a semicolon"}.get(delimiter, repr(delimiter))
        raise EarwitnessError(f"{place}: {len(line)} cells under {len(header)} columns: quote cells that hold {called}")
    return dict(zip(header, line, strict=True))
