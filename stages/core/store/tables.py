"""Tables as artifacts: one reader, one writer.

Tables are Parquet with a declared schema, sorted by id, with fixed compression and row-group size and without
timestamps, so that equal content gives equal bytes under one pyarrow version. Every table is written under a
temporary name and renamed, so that a killed stage leaves nothing half-written.

A table is one file. If it is large, it is a folder of that name with the files ``part-00000.parquet``,
``part-00001.parquet`` and so on. Where a part ends depends only on the rows before: more rows at the end change no
earlier part. Everything that reads a table reads both alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import EarwitnessError
from stages.core.store.atomic import folder_beside, put

ROW_GROUP = 256
"""Rows per row group, small enough that a group of clips with their audio fits in memory many times over."""

PART_GROUPS = 256
"""Most row groups in a file. To open a file, the descriptions of all its row groups are read."""

PART_BYTES = 2**28
"""A file ends after the row group that takes it to this many bytes, as they lie in memory."""


class TableReader:
    """The row groups of a table by number, whether it is one file or a folder of files. One file is open at a time.

    Parameters
    ----------
    path : Path

    Raises
    ------
    EarwitnessError
        If the table is missing or not Parquet, with what to do.
    """

    def __init__(self, path: Path) -> None:
        self._parts = _parts_of(path)
        counts = []
        for part in self._parts:
            with _opened(part) as file:
                counts.append(file.num_row_groups)
        self._starts: list[int] = [0, *accumulate(counts)]
        self._open: tuple[int, pq.ParquetFile] | None = None

    def __len__(self) -> int:
        """Return the number of row groups."""
        return self._starts[-1]

    def group(self, index: int, columns: list[str] | None = None) -> pa.Table:
        """Read one row group: read ids first, and audio only where it is needed."""
        part = bisect_right(self._starts, index) - 1
        if self._open is None or self._open[0] != part:
            self._open = part, _opened(self._parts[part])
        return self._open[1].read_row_group(index - self._starts[part], columns=columns)

    def groups(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield every row group in order, so that memory does not grow with the corpus."""
        for index in range(len(self)):
            yield self.group(index, columns)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a whole table, or some of its columns.

    Raises
    ------
    EarwitnessError
        If the table is missing or not Parquet, with the stage that makes it.
    """
    tables = []
    for part in _parts_of(path):
        with _opened(part) as file:
            tables.append(file.read(columns=columns))
    return pa.concat_tables(tables)


def read_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield a table row group by row group, so that memory does not grow with the corpus."""
    yield from TableReader(path).groups(columns)


def read_group(path: Path, index: int, columns: list[str] | None = None) -> pa.Table:
    """Read one row group. Use a `TableReader` for many."""
    return TableReader(path).group(index, columns)


class KeyedRows:
    """Some columns of a table by id, with only a few row groups in memory at a time.

    Of each id, a hash of 8 bytes and the number of its row group are kept: 12 MB for a million rows.

    Parameters
    ----------
    path : Path
    key : str
        The id column, whose values are distinct.
    columns : list of str
        The columns to look up.
    held_bytes : int
        Row groups are held up to this size together. The one that was asked for last is always held.
    """

    def __init__(self, path: Path, key: str, columns: list[str], held_bytes: int = 2**26) -> None:
        self._table = TableReader(path)
        self._key, self._columns, self._held_bytes = key, columns, held_bytes
        hashes, numbers = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
        for number, group in enumerate(self._table.groups([key])):
            hashes.append(np.array([_hash(name) for name in group[key].to_pylist()], np.uint64))
            numbers.append(np.full(group.num_rows, number, np.uint32))
        ascending = np.argsort(found := np.concatenate(hashes), kind="stable")
        self._hashes, self._group = found[ascending], np.concatenate(numbers)[ascending]
        self._held: dict[int, tuple[pa.Table, dict[str, int]]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        """Return the columns of the row with this id."""
        low, high = (int(np.searchsorted(self._hashes, _hash(name), side)) for side in ("left", "right"))
        for group in self._group[low:high].tolist():  # two ids may share a hash
            table, rows = self._rows(group)
            if name in rows:
                return {column: table[column][rows[name]].as_py() for column in self._columns}
        raise KeyError(name)

    def _rows(self, group: int) -> tuple[pa.Table, dict[str, int]]:
        """Return a row group, and the row of each id in it."""
        if group in self._held:
            self._held[group] = self._held.pop(group)  # the last one is the last that was asked for
            return self._held[group]
        table = self._table.group(group, list(dict.fromkeys([self._key, *self._columns])))
        self._held[group] = table, {name: row for row, name in enumerate(table[self._key].to_pylist())}
        while len(self._held) > 1 and sum(held.nbytes for held, _ in self._held.values()) > self._held_bytes:
            del self._held[next(iter(self._held))]
        return self._held[group]


def _hash(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))


def _parts_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    parts = sorted(path.glob("part-*.parquet"))
    if [part.name for part in parts] != [_part_name(number) for number in range(max(1, len(parts)))]:
        raise EarwitnessError(f"{path}: a part is missing: delete the folder and run 'dvc repro' (or 'dvc pull')")
    return parts


def _part_name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise EarwitnessError(f"{path}: missing: run 'dvc repro' (or 'dvc pull')") from error
    except pa.ArrowInvalid as error:
        raise EarwitnessError(f"{path}: not a Parquet file: delete it and run 'dvc repro'") from error


def write_table(
    path: Path, tables: pa.Table | Iterable[pa.Table], schema: pa.Schema, row_group: int = ROW_GROUP
) -> None:
    """Write one table, or a stream of them in id order, as Parquet: one file, or a folder of files if it is large.

    Parameters
    ----------
    path : Path
    tables : pa.Table or iterable of pa.Table
        Rows in their final order; columns as in `schema`.
    schema : pa.Schema
        Of `stages.core.schemas`.
    row_group : int
        Rows per row group. Use more for a table of narrow rows, where each group costs time.
    """
    stream = [tables] if isinstance(tables, pa.Table) else tables
    with folder_beside(path) as folder:
        parts = groupby(_numbered(_regrouped(stream, schema, row_group)), key=itemgetter(0))
        number = -1
        for number, groups in parts:
            _write_file(folder / _part_name(number), (group for _, group in groups), schema)
        if number < 0:
            _write_file(folder / _part_name(0), [], schema)
        put(folder if number > 0 else folder / _part_name(0), path)


def _numbered(groups: Iterable[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    """Yield each row group with the number of the part that it belongs to."""
    part, count, size = 0, 0, 0
    for group in groups:
        if count == PART_GROUPS or size >= PART_BYTES:
            part, count, size = part + 1, 0, 0
        yield part, group
        count, size = count + 1, size + group.nbytes


def _write_file(file: Path, groups: Iterable[pa.Table], schema: pa.Schema) -> None:
    repeating = repeating_columns(schema)
    with pq.ParquetWriter(file, schema, compression="zstd", version="2.6", use_dictionary=repeating) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=group.num_rows)


def repeating_columns(schema: pa.Schema) -> list[str]:
    """Return the columns whose values repeat. A dictionary of measured numbers would be larger than the numbers."""
    lists = (
        field.name for field in schema if pa.types.is_list(field.type) and pa.types.is_integer(field.type.value_type)
    )
    return [
        *(field.name for field in schema if pa.types.is_string(field.type)),
        *(f"{name}.list.element" for name in lists),
    ]


def _regrouped(tables: Iterable[pa.Table], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """Cut a stream into tables of so many rows, so that the bytes do not depend on how it was chunked."""
    held = schema.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table.select(schema.names).cast(schema)])
        whole = held.num_rows - held.num_rows % rows
        for start in range(0, whole, rows):
            yield held.slice(start, rows).combine_chunks()
        held = held.slice(whole)
    if held.num_rows:
        yield held.combine_chunks()
