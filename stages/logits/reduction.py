"""Reduce a batch of forwards to what the row cache keeps: statistics per slice, pooled embeddings.

Imports no schemas, so that a new artifact elsewhere leaves the model's rows valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import torch

from stages.logits.statistics import token_statistics
from stages.target.adapter import Forced


def token_table(texts: Sequence[str], forced: Sequence[Forced], slice_: str, orders: Sequence[float]) -> pa.Table:
    """Reduce one slice of a batch to its statistics: one row per query, in order."""
    lengths = [len(result.token_ids[slice_]) for result in forced]
    ids = torch.cat([result.token_ids[slice_] for result in forced])
    logits = torch.cat([result.logits[slice_] for result in forced])
    statistics = token_statistics(logits, ids, orders)
    offsets = pa.array([0, *torch.tensor(lengths).cumsum(0).tolist()], pa.int32())
    columns = {
        "seconds_cut": pa.array([result.seconds_cut for result in forced], pa.float32()),
        "text": pa.array(texts, pa.string()),
        "token_ids": pa.ListArray.from_arrays(offsets, pa.array(ids.numpy(), pa.int32())),
    }
    for name, values in statistics.items():
        columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values.numpy(), pa.float32()))
    return pa.table(columns)


def embedding_table(forced: Sequence[Forced]) -> pa.Table:
    """Return a batch's pooled embeddings, rounded to float16."""
    kind = pa.list_(pa.float16())
    return pa.table(
        {
            "encoder": pa.array([result.encoder.half().numpy() for result in forced], kind),
            "hidden": pa.array([result.hidden.half().numpy() for result in forced], kind),
        }
    )
