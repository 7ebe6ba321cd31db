"""The audit's tables, streamed from the row caches and sorted by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from stages.core.store.rowcache import RowCache
from stages.logits.plan import Keys, PlannedRow

ROWS_WRITTEN = 1024
"""Number of rows that are read from the cache and written at a time."""


def token_stream(
    rows: Sequence[PlannedRow], keys: Mapping[str, Keys], cache: RowCache, slices: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield `tokens.parquet`, sorted by neighbour, instruction, condition, role and slice.

    Parameters
    ----------
    rows : sequence of PlannedRow
        In the order of the output.
    keys : mapping of str to Keys
        By role.
    cache : RowCache
        It holds every row's statistics.
    slices : sequence of str
    """
    for chunk in _chunks(rows):
        wanted = [(row, role, slice_) for row in chunk for role in sorted(keys) for slice_ in sorted(slices)]
        table = cache.rows([keys[role].tokens(row, slice_) for row, role, slice_ in wanted])
        ids = _ids([(row, role) for row, role, _ in wanted])
        yield _joined({**ids, "slice": pa.array([slice_ for _, _, slice_ in wanted])}, table)


def embedding_stream(rows: Sequence[PlannedRow], keys: Mapping[str, Keys], cache: RowCache) -> Iterator[pa.Table]:
    """Yield `embeddings.parquet`, sorted by neighbour, instruction, condition and role; see `token_stream`."""
    for chunk in _chunks(rows):
        wanted = [(row, role) for row in chunk for role in sorted(keys)]
        yield _joined(_ids(wanted), cache.rows([keys[role].embeddings(row) for row, role in wanted]))


def _ids(wanted: Sequence[tuple[PlannedRow, str]]) -> dict[str, pa.Array]:
    return {
        "neighbour_id": pa.array([row.neighbour_id for row, _ in wanted]),
        "role": pa.array([role for _, role in wanted]),
        "instruction": pa.array([row.instruction for row, _ in wanted], pa.int16()),
        "condition": pa.array([row.condition for row, _ in wanted]),
    }


def _joined(ids: dict[str, pa.Array], table: pa.Table) -> pa.Table:
    return pa.table({**ids, **{name: table[name] for name in table.column_names}})


def _chunks(rows: Sequence[PlannedRow]) -> Iterator[Sequence[PlannedRow]]:
    return (rows[start : start + ROWS_WRITTEN] for start in range(0, len(rows), ROWS_WRITTEN))
