"""Write columns of scores as long tables, a block of ids at a time and without a Python object per score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stages.attacks.places import View
from stages.attacks.registry import Columns

IDS_AT_ONCE = 512
SCORES_PER_GROUP = 65_536
"""Scores are small compared with audio, so this table has larger row groups than others."""


def long_tables(
    ids: pa.Table, chosen: NDArray[np.intp], scores: Mapping[tuple[str, View], Columns], schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield scores as rows, sorted by id, role, attack, slice, condition and instruction.

    Parameters
    ----------
    ids : pa.Table
        The columns that name a clip or a neighbour, sorted.
    chosen : intp[k]
        Indices of the rows to write, ascending.
    scores : dict of (role, View) to dict of str to float64[n]
        NaN (undefined) becomes null.
    schema : pa.Schema
    """
    named = sorted((role, attack, view) for (role, view), columns in scores.items() for attack in columns)
    if not named:
        return
    columns = [scores[role, view][attack] for role, attack, view in named]
    names = ("role", "attack", "slice", "condition", "instruction")
    fixed = {
        name: pa.array(values).dictionary_encode()
        for name, values in zip(
            names, zip(*((role, attack, *view) for role, attack, view in named), strict=True), strict=True
        )
    }
    for start in range(0, len(chosen), IDS_AT_ONCE):
        part = chosen[start : start + IDS_AT_ONCE]
        repeated = pa.array(np.repeat(part, len(named)))
        cycled = pa.array(np.tile(np.arange(len(named)), len(part)))
        values = np.column_stack([column[part] for column in columns]).ravel()
        table = {name: ids[name].take(repeated) for name in ids.column_names}
        table |= {name: array.take(cycled).dictionary_decode() for name, array in fixed.items()}
        table["score"] = pa.array(values, pa.float64(), from_pandas=True)
        yield pa.table(table).select(schema.names).cast(schema)
