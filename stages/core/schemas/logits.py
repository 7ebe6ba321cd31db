"""Tables of the stage `logits`: token statistics, embeddings and probes."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

FLOATS = pa.list_(pa.float32())

EMBEDDINGS_SCHEMA = pa.schema(
    [
        ("neighbour_id", pa.string()),
        ("role", pa.string()),
        ("instruction", pa.int16()),
        ("condition", pa.string()),
        # Lists of any length, because target and reference may differ in width.
        ("encoder", pa.list_(pa.float16())),
        ("hidden", pa.list_(pa.float16())),
    ]
)

PROBES_SCHEMA = pa.schema(
    [("neighbour_id", pa.string()), ("role", pa.string()), ("probe", pa.string()), ("value", pa.float32())]
)


def tokens_schema(statistics: Sequence[str]) -> pa.Schema:
    """Return the schema of `tokens.parquet`: one row per scored slice, one float32 list per statistic.

    A list is null if the target does not give that statistic.
    """
    return pa.schema(
        [
            ("neighbour_id", pa.string()),
            ("role", pa.string()),
            ("instruction", pa.int16()),
            ("condition", pa.string()),
            ("slice", pa.string()),
            ("seconds_cut", pa.float32()),
            ("failure", pa.string()),  # why a row has no tokens: no usable answer, or values that are not finite
            ("text", pa.string()),
            ("token_ids", pa.list_(pa.int32())),
            *((name, FLOATS) for name in statistics),
        ]
    )
