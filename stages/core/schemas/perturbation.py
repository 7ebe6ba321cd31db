"""Tables of the stage `perturbation`."""

from __future__ import annotations

import pyarrow as pa

NEIGHBOURS_SCHEMA = pa.schema(
    [
        ("neighbour_id", pa.string()),
        ("clip_id", pa.string()),
        ("kind", pa.string()),
        ("perturbation", pa.string()),
        ("index", pa.int32()),  # among the clip's neighbours of this perturbation
        ("recipe", pa.string()),  # JSON: what was drawn, and what follows from it
        ("settings", pa.string()),  # JSON: from which the recipe was drawn; null for the original
        ("seed", pa.int64()),
        ("codec", pa.string()),  # through which the sound of a pairing goes
        ("donor", pa.string()),  # the clip_id of the clip that a pairing takes from
        ("audio", pa.binary()),  # FLAC, where it cannot be rendered again from the columns before
        ("audio_hash", pa.string()),
        ("seconds", pa.float32()),
        ("text", pa.string()),
    ]
)
