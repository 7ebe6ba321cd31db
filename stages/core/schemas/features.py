"""Tables of the stage `features`. Their columns depend on the feature families that are measured."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa


def features_schema(columns: Sequence[str], ids: Sequence[str] = ("clip_id",)) -> pa.Schema:
    """Return the schema of `features.parquet`: ids and one float32 column per ``family.name``.

    The schema of `pairings.parquet` has the ids neighbour_id, clip_id and perturbation.
    """
    return pa.schema([*((name, pa.string()) for name in ids), *((name, pa.float32()) for name in columns)])
