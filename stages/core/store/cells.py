"""Single cells of Parquet and Arrow files, with little of a file in memory.

A file is read forward, batch by batch. The last batches are kept, up to `HELD_BYTES`. Rows that are asked for in order
are therefore each read once, and rows of a small row group may be asked for in any order. A row before the kept ones
makes its row group be read again. Of Parquet, one page of the column is in memory besides: writers put at most about
1000 rows in it, however large the row group is.

Arrow files are those of `datasets` (``data-00000-of-00001.arrow``, in the stream format) and those in the file format.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HELD_BYTES = 16 * 2**20
"""Bytes of cells that are kept of one file."""

_FILES_HELD = 4
_ROWS_AT_ONCE = 16
_BUFFER = 2**20


class CellError(Exception):
    """A cell that cannot be read. The message is a phrase that names neither the file nor the row."""


def cell(path: Path, row: int, column: str) -> Any:
    """Return one cell of a Parquet or Arrow file.

    Parameters
    ----------
    path : Path
        Parquet where its name ends in ``.parquet``, otherwise Arrow.
    row : int
        Counted from 0 over the whole file; at least 0.
    column : str

    Raises
    ------
    CellError
        If the file is missing or damaged, or has no such row or column.
    """
    with _reasons():
        state = path.stat()
        return _opened(path, column, state.st_mtime_ns, state.st_size)[row]


def batches_of(path: Path, columns: list[str] | None = None, rows: int = 1024) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet or Arrow file in batches of at most so many rows.

    Raises
    ------
    CellError
        If the file is missing or damaged.
    """
    with _reasons():
        if is_parquet(path):
            with _parquet(path) as file:
                yield from file.iter_batches(batch_size=rows, columns=columns)
        else:
            for batch in _arrow_batches(path):
                chosen = batch.select(columns) if columns is not None else batch
                yield from (chosen.slice(start, rows) for start in range(0, chosen.num_rows, rows))


def table_schema(path: Path) -> pa.Schema:
    """Return the schema of a Parquet or Arrow file; its metadata tells what the columns mean.

    Raises
    ------
    CellError
        If the file is missing or damaged.
    """
    with _reasons():
        if is_parquet(path):
            with _parquet(path) as file:
                return file.schema_arrow
        with pa.memory_map(str(path)) as source:
            return _arrow_reader(source).schema


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet by its name; the other tables here are Arrow."""
    return path.suffix.lower() == ".parquet"


class _Cells:
    """The cells of one column of a file."""

    def __init__(self, path: Path, column: str) -> None:
        self._path, self._column = path, column
        schema = table_schema(path)
        if column not in schema.names:
            raise CellError(f"has no column {column!r} (there is {', '.join(schema.names)})")
        self._file = _parquet(path) if is_parquet(path) else None
        self._starts = self._row_groups() if self._file else [0]
        self._lock = Lock()
        self._forget(0)

    def __getitem__(self, row: int) -> Any:
        with self._lock:
            group = bisect_right(self._starts, row) - 1
            if group != self._group or row < self._next - sum(map(len, self._held)):
                self._forget(group)
            while row >= self._next:
                self._advance(row)
            first = self._next
            for batch in reversed(self._held):
                first -= len(batch)
                if row >= first:
                    return batch[row - first].as_py()
        raise CellError(f"has no row {row}")

    def _advance(self, row: int) -> None:
        batch = next(self._batches, None)
        if batch is None:
            raise CellError(f"has no row {row + 1}: it ends after row {self._next}")
        column = batch.column(self._column)
        self._held.append(column)
        self._bytes += column.nbytes
        self._next += len(column)
        while len(self._held) > 1 and self._bytes > HELD_BYTES:
            self._bytes -= self._held.popleft().nbytes

    def _forget(self, group: int) -> None:
        self._group, self._next = group, self._starts[group]
        self._held: deque[pa.Array] = deque()
        self._bytes = 0
        self._batches = self._read(group)

    def _read(self, group: int) -> Iterator[pa.RecordBatch]:
        if self._file is not None:
            return iter(self._file.iter_batches(_ROWS_AT_ONCE, row_groups=[group], columns=[self._column]))
        batches = _arrow_batches(self._path)
        return (
            part.slice(start, _ROWS_AT_ONCE) for part in batches for start in range(0, part.num_rows, _ROWS_AT_ONCE)
        )

    def _row_groups(self) -> list[int]:
        assert self._file is not None
        metadata = self._file.metadata
        counts = (metadata.row_group(index).num_rows for index in range(metadata.num_row_groups))
        return list(accumulate(counts, initial=0))[:-1] or [0]


@lru_cache(maxsize=_FILES_HELD)
def _opened(path: Path, column: str, changed: int, size: int) -> _Cells:
    """Return the cells of a file. A file that was written again has another time or size, and is opened again."""
    del changed, size
    return _Cells(path, column)


def _parquet(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of an Arrow file. Its bytes are mapped: only those of the asked cells are read."""
    with pa.memory_map(str(path)) as source:
        reader = _arrow_reader(source)
        if isinstance(reader, pa.RecordBatchFileReader):
            yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
        else:
            yield from reader


def _arrow_reader(source: pa.MemoryMappedFile) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn errors about a file into the one that carries a reason."""
    try:
        yield
    except FileNotFoundError as error:
        raise CellError("missing") from error
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise CellError(f"cannot be read ({why})") from error
