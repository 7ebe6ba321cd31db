"""Rows of Parquet files. Columns of bytes or nested values are not read, but for those of times; their cells say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import EarwitnessError
from stages.corpus.lists.cells import NoText
from stages.corpus.timed.transcript import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa


def parquet_rows(file: Path, at_once: int = 65_536) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield a Parquet file's rows, counted from 1; so many are held at once."""
    import pyarrow as pa  # needed for this kind of list only
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(file) as table:
            schema = table.schema_arrow
            twice = [name for name in schema.names if schema.names.count(name) > 1]
            if twice:
                raise EarwitnessError(f"{file}: column {twice[0]!r} appears twice: rename one")
            without = {
                field.name: NoText(kind_of_type(field.type))
                for field in schema
                if kind_of_type(field.type) and field.name not in COLUMNS
            }
            columns = [name for name in schema.names if name not in without]
            for batch in table.iter_batches(at_once, columns=columns):
                for cells in batch.to_pylist() if columns else ({} for _ in range(batch.num_rows)):
                    number += 1
                    yield number, {**cells, **without}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise EarwitnessError(f"{file}: not a whole Parquet file ({why}): write it again") from error


def kind_of_type(kind: pa.DataType) -> str:
    """Return what values without text a column holds, in words; blank for text, numbers, truth values and dates."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind_of_type(kind.value_type)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return "bytes"
    if pa.types.is_map(kind) or pa.types.is_struct(kind):
        return "objects"
    return "lists" if pa.types.is_nested(kind) else ""


def parquet_head(file: Path) -> dict[str, object]:
    """Return the first row of a Parquet file."""
    return next(parquet_rows(file, 1), (0, {}))[1]
