"""Tables of the stage `blind_baseline`: scores by feature family, and the matched subset."""

from __future__ import annotations

import pyarrow as pa

BLIND_SCORES_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("family", pa.string()),
        ("probability", pa.float32()),
        ("odds_weight", pa.float32()),
    ]
)

MATCHED_SCHEMA = pa.schema([("clip_id", pa.string()), ("pair", pa.int32()), ("member", pa.bool_())])
