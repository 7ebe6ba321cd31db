"""Read `tokens.parquet`'s lists as ragged rows; statistics that a target lacks stay unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stages.attacks.ragged import Floats, Ints, Ragged, offsets_of
from stages.attacks.rows import Rows, finite

ROWS_AT_ONCE = 4096
"""Number of rows that are scored together: enough to make numpy's calls cheap, and few enough to fit in memory."""
_IDS = {"neighbour_id", "role", "instruction", "condition", "slice", "text", "seconds_cut", "failure", "token_ids"}


def coalesced(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of a stream in larger tables."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(part.num_rows for part in held) >= ROWS_AT_ONCE:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def statistic_columns(table: pa.Table) -> list[str]:
    """Return the names of a table's statistics."""
    return [name for name in table.column_names if name not in _IDS]


def rows_of(table: pa.Table, statistics: Sequence[str]) -> Rows:
    """Return the rows of a table with some of its statistics.

    A statistic is NaN where it is null, for a row or for a token. It is also NaN for a row if its length is not the
    row's number of tokens. An endpoint, for example, gives log-probabilities but no entropies.
    """
    lists = {name: _array(table[name]) for name in ("token_ids", *statistics)}
    lengths = {name: _lengths(array) for name, array in lists.items()}
    tokens = np.max([np.zeros(table.num_rows, np.intp), *lengths.values()], axis=0)
    offsets = offsets_of(tokens)
    values = {name: _aligned(lists[name], lengths[name], tokens, offsets) for name in statistics}
    ids = None
    if bool((lengths["token_ids"] == tokens).all()):
        ids = lists["token_ids"].flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    return Rows(values, offsets, [text or "" for text in table["text"].to_pylist()], ids)


def row_values(column: pa.ChunkedArray) -> Ragged:
    """Return the numbers of each list of a column; a list that is null has none."""
    array = _array(column)
    return Ragged.of(finite(_flat(array)), offsets_of(_lengths(array)))


def _array(column: pa.ChunkedArray) -> Any:
    return column.combine_chunks()


def _lengths(array: Any) -> Ints:
    return np.asarray(array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.intp)


def _flat(array: Any) -> NDArray[np.floating]:
    return np.asarray(array.flatten().to_numpy(zero_copy_only=False), np.float64)


def _aligned(array: Any, lengths: Ints, tokens: Ints, offsets: Ints) -> Floats:
    """Return a statistic with one number per token; NaN where it is unknown."""
    flat = finite(_flat(array))
    fits = lengths == tokens
    if fits.all():
        return flat
    values = np.full(int(offsets[-1]), np.nan)
    values[np.repeat(fits, tokens)] = flat[np.repeat(fits, lengths)]
    return values
