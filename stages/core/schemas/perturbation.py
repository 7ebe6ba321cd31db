"""Tables of the stage `perturbation`."""

from __future__ import annotations

import pyarrow as pa

NEIGHBOURS_SCHEMA = pa.schema(
    [
        ("neighbour_id", pa.string()),
        ("clip_id", pa.string()),
        ("kind", pa.string()),
        ("perturbation", pa.string()),
        ("recipe", pa.string()),
        ("audio", pa.binary()),
        ("audio_hash", pa.string()),
        ("text", pa.string()),
    ]
)
