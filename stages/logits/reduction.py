"""Put a batch of reduced forwards into the tables that the row cache keeps: statistics per slice, pooled embeddings.

Imports no schemas, so that a new artifact elsewhere leaves the model's rows valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import torch

from stages.logits.statistics import statistic_names
from stages.target.adapter import Reduced


def token_table(texts: Sequence[str], rows: Sequence[Reduced], slice_: str, orders: Sequence[float]) -> pa.Table:
    """Return one slice of a batch: one row per query, in order."""
    ids = [row.token_ids[slice_] for row in rows]
    lengths = torch.tensor([0, *(len(of_row) for of_row in ids)])
    offsets = pa.array(lengths.cumsum(0).numpy(), pa.int32())
    columns = {
        "seconds_cut": pa.array([row.seconds_cut for row in rows], pa.float32()),
        "text": pa.array(texts, pa.string()),
        "token_ids": pa.ListArray.from_arrays(offsets, pa.array(torch.cat(ids).numpy(), pa.int32())),
    }
    for name in statistic_names(orders):
        values = torch.cat([row.statistics[slice_][name] for row in rows])
        columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values.numpy(), pa.float32()))
    return pa.table(columns)


def embedding_table(rows: Sequence[Reduced]) -> pa.Table:
    """Return a batch's pooled embeddings, rounded to float16."""
    kind = pa.list_(pa.float16())
    return pa.table(
        {
            "encoder": pa.array([row.encoder.half().numpy() for row in rows], kind),
            "hidden": pa.array([row.hidden.half().numpy() for row in rows], kind),
        }
    )
