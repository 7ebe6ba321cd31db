"""The schemas of the row caches: those of the artifacts without the id columns."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, tokens_schema
from stages.logits.statistics import statistic_names

ROW_IDS = ("neighbour_id", "role", "instruction", "condition", "slice")


def token_row_schema(orders: Sequence[float]) -> pa.Schema:
    """Return the row cache's schema for a slice: that of `tokens.parquet` without the ids."""
    schema = tokens_schema(statistic_names(orders))
    return pa.schema([field for field in schema if field.name not in ROW_IDS])


def embedding_row_schema() -> pa.Schema:
    """Return the row cache's schema for embeddings: that of `embeddings.parquet` without the ids."""
    return pa.schema([field for field in EMBEDDINGS_SCHEMA if field.name not in ROW_IDS])
