"""Whether a file is a list of recordings that nobody reads: its content says so, whatever its name."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.corpus.lists.parquet_rows import parquet_rows

SIDECARS = frozenset(
    ".cha .csv .ctm .eaf .json .lab .lrc .mrt .phn .srt .stm .textgrid .trn .trs .tsv .txt .vtt .wrd .xml".split()  # noqa: SIM905
)
"""Suffixes of a transcript that has the name of its recording."""

TABLES = frozenset(".csv .ctm .json .jsonl .ndjson .ods .parquet .scp .stm .trn .trs .tsv .xlsx".split())  # noqa: SIM905
"""Suffixes of tables, where one name of a sound with its suffix is enough."""

_READ = 2**18
"""Bytes of a file that are searched."""
_ENOUGH = 10
"""Names of sounds that make a list, however many sounds there are. Of few sounds, a quarter and at least two do."""
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_BETWEEN = re.compile(r"[\s,;|\"'<>\[\]{}()=]+")
_CHECKSUM = re.compile(r"[0-9a-fA-F]{32,128}")


def names_sounds(file: Path, sounds: Sequence[str]) -> str:
    """Return one of the sounds that a file names, if it names so many that it must be a list; else a blank.

    A name counts with its suffix wherever it stands, and without it as a cell or as the first word of a line. In a
    table, one name with its suffix is enough. A text that mentions a few of many recordings, as a README does, is no
    list. Lists of check sums, and files that hold only the names, say nothing about the recordings.

    Parameters
    ----------
    file : Path
    sounds : sequence of str
        Paths of the sounds, with ``/``.
    """
    whole, stems = _names(tuple(sounds))
    found: set[str] = set()
    for line in _lines(file):
        named = _named(line, whole, stems)
        if named and not _says_nothing(line, named):
            found.update(named)
            if len(found) >= _ENOUGH:
                break
    enough = min(_ENOUGH, max(2, len(sounds) // 4)) if len(sounds) > 1 else 1
    if file.suffix.lower() in TABLES and found & whole:
        enough = 1
    return min(found) if len(found) >= enough else ""


@cache
def _names(sounds: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    names = [path.rpartition("/")[2] for path in sounds]
    return frozenset(names), frozenset(name.rpartition(".")[0] or name for name in names)


def _named(line: str, whole: Collection[str], stems: Collection[str]) -> set[str]:
    cells = [cell.strip().strip("\"'") for cell in re.split(r"[\t,;|]", line)]
    words = _BETWEEN.split(line.strip())
    bare = [*cells, *words[:1], *([words[1]] if line.lstrip().startswith(("{", "[", '"', "<")) and words[1:] else [])]
    found = {name for word in [*cells, *words] if (name := re.split(r"[/\\]", word)[-1]) in whole}
    return found | {name for word in bare if (name := re.split(r"[/\\]", word)[-1]) in stems}


def _says_nothing(line: str, named: set[str]) -> bool:
    """Return whether a line holds only names of sounds, check sums and numbers."""
    words = [word for word in re.split(r"[\s,;|]+", line.strip()) if word]
    rest = [word for word in words if re.split(r"[/\\*]", word.strip("\"'"))[-1] not in named]
    return all(_CHECKSUM.fullmatch(word) for word in rest)


def _lines(file: Path) -> Iterator[str]:
    try:
        if file.suffix.lower() == ".parquet":
            yield from _parquet_lines(file)
        elif file.suffix.lower() in (".xlsx", ".ods"):
            yield " ".join(filter(None, re.split(r"<[^>]*>", _zipped_text(file))))
        else:
            content = _beginning(file)
            encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
            if encoding == "utf-16" or b"\0" not in content[:4096]:
                yield from content.decode(encoding, "replace").splitlines()
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):  # a damaged file is no list
        return


def _beginning(file: Path) -> bytes:
    if file.suffix.lower() == ".gz":
        with gzip.open(file) as packed:
            return packed.read(_READ)
    with file.open("rb") as plain:
        return plain.read(_READ)


def _zipped_text(file: Path) -> str:
    """Return the XML of a spreadsheet."""
    with zipfile.ZipFile(file) as packed:
        parts = [name for name in packed.namelist() if name.endswith(".xml")]
        return " ".join(packed.open(name).read(_READ).decode("utf-8", "replace") for name in parts)


def _parquet_lines(file: Path) -> Iterator[str]:
    try:
        for _, cells in islice(parquet_rows(file), 1000):
            yield "\t".join(value for value in cells.values() if isinstance(value, str))
    except EarwitnessError:
        return
