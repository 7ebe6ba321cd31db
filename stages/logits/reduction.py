"""Convert a batch of reduced forwards to the row cache's tables: statistics per slice, and pooled embeddings.

This module imports no schemas, so that a change of another artifact's schema does not invalidate cached rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import torch

from stages.logits.statistics import statistic_names
from stages.models.adapter import Reduced


def token_table(texts: Sequence[str], rows: Sequence[Reduced], slice_: str, orders: Sequence[float]) -> pa.Table:
    """Return one slice of a batch: one row per query, in order; null if a statistic is not available."""
    ids = [row.token_ids[slice_] for row in rows]
    columns = {
        "seconds_cut": pa.array([row.seconds_cut for row in rows], pa.float32()),
        "failure": pa.array([row.failure for row in rows], pa.string()),
        "text": pa.array(texts, pa.string()),
        "token_ids": pa.ListArray.from_arrays(_offsets(ids), pa.array(torch.cat(ids).numpy(), pa.int32())),
    }
    for name in statistic_names(orders):
        columns[name] = _lists([row.statistics[slice_].get(name) for row in rows])
    return pa.table(columns)


def _lists(rows: Sequence[torch.Tensor | None]) -> pa.Array:
    """Return a statistic's lists; null for rows without this statistic."""
    told = [torch.empty(0) if values is None else values for values in rows]
    unknown = pa.array([values is None for values in rows])
    return pa.ListArray.from_arrays(_offsets(told), pa.array(torch.cat(told).numpy(), pa.float32()), mask=unknown)


def _offsets(rows: Sequence[torch.Tensor]) -> pa.Array:
    return pa.array(torch.tensor([0, *(len(row) for row in rows)]).cumsum(0).numpy(), pa.int32())


def embedding_table(rows: Sequence[Reduced]) -> pa.Table:
    """Return a batch's pooled embeddings, rounded to float16."""
    kind = pa.list_(pa.float16())
    return pa.table(
        {
            "encoder": pa.array([row.encoder.half().numpy() for row in rows], kind),
            "hidden": pa.array([row.hidden.half().numpy() for row in rows], kind),
        }
    )
