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
    """Return one slice of a batch: one row per query, in order; null if a statistic is not available.

    A row whose log-probabilities are not finite numbers has no tokens, like one that the target failed to answer, and
    `failure` says why. Its other statistics may look like numbers, and would be taken for scores.
    """
    failures = [row.why_unscored(slice_) for row in rows]
    usable = [failure is None or row.failure is not None for failure, row in zip(failures, rows, strict=True)]
    ids = [row.token_ids[slice_] if able else torch.empty(0).long() for able, row in zip(usable, rows, strict=True)]
    statistics = [row.statistics[slice_] if able else {} for able, row in zip(usable, rows, strict=True)]
    columns = {
        "seconds_cut": pa.array([row.seconds_cut for row in rows], pa.float32()),
        "failure": pa.array(failures, pa.string()),
        "text": pa.array(texts, pa.string()),
        "token_ids": pa.ListArray.from_arrays(_offsets(ids), pa.array(torch.cat(ids).numpy(), pa.int32())),
    }
    for name in statistic_names(orders):
        columns[name] = _lists([of_row.get(name) for of_row in statistics])
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
