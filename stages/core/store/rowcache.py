"""The row cache: it decides which rows of an expensive stage must be computed again.

DVC decides which stages are out of date; this decides which of their rows are. Each row is kept under a BLAKE2 hash
of everything its value depends on (`row_key`). Rows are appended as Parquet parts, each written under a temporary
name and renamed, so that a killed run resumes at its last part. The folder lies outside DVC's outputs, which DVC
deletes before a run; it may be on a shared disk and used by several processes at once.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_PART = 1000
SECONDS_PER_PART = 60.0
PARTS_BEFORE_COMPACTION = 8
FRESH = "EARWITNESS_FRESH"
"""Environment variable that makes a run ignore the rows of earlier runs (``earwitness audit --fresh``)."""


def row_key(*parts: Any) -> str:
    """Return 32 hex digits that name a row by all that its value depends on.

    `parts` are strings, bytes, numbers, None, or lists and dicts of these; dicts by sorted key.
    """
    digest = blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, bytes):
            digest.update(b"b%d:" % len(part) + part)
        else:
            text = repr(_ordered(part)).encode()
            digest.update(b"t%d:" % len(text) + text)
    return digest.hexdigest()


def _ordered(part: Any) -> Any:
    if isinstance(part, dict):
        return "dict", sorted((key, _ordered(value)) for key, value in part.items())
    if isinstance(part, list | tuple):
        return [_ordered(value) for value in part]
    return part


def _oldest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"), key=lambda part: (part.stat().st_mtime_ns, part.name))


class RowCache:
    """Rows of one stage. Use as a context manager: leaving it flushes what is buffered and compacts.

    Parameters
    ----------
    name : str
        Folder below ``.cache/rows/``: the stage, or ``stage/table`` where a stage keeps several.
    schema : pa.Schema
        Of a row, without its key.
    root : Path
        Where the caches lie.

    Attributes
    ----------
    computed, reused : int
        How many of the keys asked for by `missing` had to be computed, and how many were there.
    """

    def __init__(self, name: str, schema: pa.Schema, root: Path = Path(".cache/rows")) -> None:
        self.name = name
        self.folder = root / name
        self.schema = pa.schema([("key", pa.string()), *schema])
        self.computed = 0
        self.reused = 0
        self._buffer: list[pa.Table] = []
        self._buffered = 0
        self._flushed = time.monotonic()
        self._places: dict[str, tuple[Path, int]] = {}

    def __enter__(self) -> RowCache:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Shared while reading: another process may compact only when nobody holds places in the old parts.
        self._lock = (self.folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        if not os.environ.get(FRESH):
            for part in _oldest_first(self.folder):
                self._index(part)  # if a key is in two parts, the newer row counts
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        if kind is None:
            self._compact()
        self._lock.close()

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Return the distinct keys that have no row yet, in order, and count them."""
        distinct = list(dict.fromkeys(keys))
        absent = [key for key in distinct if key not in self._places]
        self.computed += len(absent)
        self.reused += len(distinct) - len(absent)
        return absent

    def forget(self, keys: Iterable[str], unwanted: Callable[[pa.Table], Sequence[bool]]) -> None:
        """Invalidate the rows that `unwanted` marks: they are missing until new rows are appended under their keys."""
        present = [key for key in dict.fromkeys(keys) if key in self._places]
        for start in range(0, len(present), ROWS_PER_PART):
            part = present[start : start + ROWS_PER_PART]
            for key, marked in zip(part, unwanted(self.rows(part)), strict=True):
                if marked:
                    del self._places[key]

    def append(self, keys: Sequence[str], rows: pa.Table) -> None:
        """Keep `rows` (in the cache's schema) under `keys`; written to disk every 1,000 rows or 60 seconds."""
        table = rows.select(self.schema.names[1:]).add_column(0, "key", pa.array(keys, pa.string()))
        self._buffer.append(table.cast(self.schema))
        self._buffered += len(keys)
        if self._buffered >= ROWS_PER_PART or time.monotonic() - self._flushed > SECONDS_PER_PART:
            self.flush()

    def flush(self) -> None:
        """Write the buffered rows as a part."""
        if self._buffer:
            self._index(self._write(pa.concat_tables(self._buffer)))
        self._buffer, self._buffered, self._flushed = [], 0, time.monotonic()

    def rows(self, keys: Sequence[str]) -> pa.Table:
        """Return one row for each of `keys`, in their order, without the key column.

        The result is held in memory: ask for a bounded number of keys at a time.
        """
        self.flush()
        wanted: dict[Path, dict[int, None]] = defaultdict(dict)
        for key in keys:
            part, group = self._places[key]
            wanted[part][group] = None
        tables = [self.schema.empty_table()]
        at: dict[str, int] = {}
        read = 0
        for part, groups in wanted.items():
            with pq.ParquetFile(part) as file:
                tables.append(file.read_row_groups(sorted(groups), columns=self.schema.names).cast(self.schema))
            for index, key in enumerate(tables[-1]["key"].to_pylist(), start=read):
                if self._places[key][0] == part:  # another part may hold an older row of the same key
                    at[key] = index
            read += tables[-1].num_rows
        found = pa.concat_tables(tables)
        return found.take(pa.array([at[key] for key in keys], pa.int64())).drop_columns("key")

    def summary(self) -> str:
        """Return a line for the log, such as ``features/spectral: 10 rows computed, 400 reused``."""
        return f"{self.name}: {self.computed} rows computed, {self.reused} reused"

    def _index(self, part: Path) -> None:
        with pq.ParquetFile(part) as file:
            if file.schema_arrow != self.schema:
                return  # rows of an older layout: nobody asks for their keys any more
            for group in range(file.num_row_groups):
                for key in file.read_row_group(group, columns=["key"])["key"].to_pylist():
                    self._places[key] = (part, group)

    def _write(self, table: pa.Table) -> Path:
        part = self.folder / f"{uuid.uuid4().hex}.parquet"
        temporary = part.with_suffix(".writing")
        # No dictionaries: a dictionary of a row's numbers would be larger than the numbers.
        pq.write_table(table, temporary, compression="zstd", row_group_size=128, use_dictionary=False)
        temporary.replace(part)
        return part

    def _compact(self) -> None:
        """Merge the parts of this layout into one, one row per key, if nobody else reads them now."""
        # The newest first, so that a fresh run's row outlives an older one of the same key.
        newest = reversed(_oldest_first(self.folder))
        parts = [part for part in newest if pq.read_schema(part) == self.schema]
        if len(parts) <= PARTS_BEFORE_COMPACTION:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        merged = self.folder / f"{uuid.uuid4().hex}.parquet"
        temporary = merged.with_suffix(".writing")
        seen: set[str] = set()
        with pq.ParquetWriter(temporary, self.schema, compression="zstd", use_dictionary=False) as writer:
            for part in parts:
                with pq.ParquetFile(part) as file:
                    for group in range(file.num_row_groups):
                        table = file.read_row_group(group)
                        keep = []
                        for key in table["key"].to_pylist():
                            keep.append(key not in seen)
                            seen.add(key)
                        if any(keep):
                            writer.write_table(table.filter(pa.array(keep)))
        temporary.replace(merged)
        for leftover in [*parts, *self.folder.glob("*.writing")]:
            leftover.unlink()
