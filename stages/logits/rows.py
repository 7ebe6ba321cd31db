"""The row caches' schemas: the artifacts' without the ids that rows are joined to."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, tokens_schema
from stages.logits.statistics import statistic_names

ROW_IDS = ("neighbour_id", "role", "instruction", "condition", "slice")


def token_row_schema(orders: Sequence[float]) -> pa.Schema:
    """Return what the row cache keeps of a slice: `tokens.parquet` without the ids."""
    schema = tokens_schema(statistic_names(orders))
    return pa.schema([field for field in schema if field.name not in ROW_IDS])


def embedding_row_schema() -> pa.Schema:
    """Return what the row cache keeps of a row's embeddings."""
    return pa.schema([field for field in EMBEDDINGS_SCHEMA if field.name not in ROW_IDS])
