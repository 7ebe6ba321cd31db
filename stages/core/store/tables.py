"""Tables as artifacts: one reader, one writer.

Tables are Parquet with a declared schema, sorted by id, with fixed compression and row-group size and without
timestamps, so that equal content gives equal bytes under one pyarrow version. Every file is written under a
temporary name and renamed, so that a killed stage leaves nothing half-written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import EarwitnessError
from stages.core.store.atomic import replacing

ROW_GROUP = 256
"""Rows per row group, small enough that a group of clips with their audio fits in memory many times over."""


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a whole table, or some of its columns.

    Raises
    ------
    EarwitnessError
        If the file is missing or not Parquet, with the stage that makes it.
    """
    with _opened(path) as file:
        return file.read(columns=columns)


def read_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield a table row group by row group, so that memory does not grow with the corpus."""
    with _opened(path) as file:
        for index in range(file.num_row_groups):
            yield file.read_row_group(index, columns=columns)


class KeyedColumn:
    """One column of a table by id, with only a few row groups in memory at a time.

    Parameters
    ----------
    path : Path
    key, column : str
        The id column, whose values are distinct, and the column to look up.
    """

    _GROUPS_HELD = 4

    def __init__(self, path: Path, key: str, column: str) -> None:
        self._file = _opened(path)
        self._key, self._column = key, column
        self._group: dict[str, int] = {}
        for group in range(self._file.num_row_groups):
            for name in self._file.read_row_group(group, columns=[key])[key].to_pylist():
                self._group[name] = group
        self._held: dict[int, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> Any:
        group = self._group[name]
        if group not in self._held:
            table = self._file.read_row_group(group, columns=[self._key, self._column])
            while len(self._held) >= self._GROUPS_HELD:
                del self._held[next(iter(self._held))]
            self._held[group] = dict(zip(table[self._key].to_pylist(), table[self._column].to_pylist(), strict=True))
        return self._held[group][name]


def read_group(path: Path, index: int, columns: list[str] | None = None) -> pa.Table:
    """Read one row group: read ids first, and audio only where it is needed."""
    with _opened(path) as file:
        return file.read_row_group(index, columns=columns)


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
    """Write one table, or a stream of them in id order, as Parquet.

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
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary, schema, compression="zstd", version="2.6", use_dictionary=repeating_columns(schema)
        ) as writer,
    ):
        for part in _regrouped(stream, schema, row_group):
            writer.write_table(part, row_group_size=row_group)


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
