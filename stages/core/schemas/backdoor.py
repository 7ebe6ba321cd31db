"""Tables of the stage `backdoor`: the poison manifest, and answers with and without the trigger."""

from __future__ import annotations

import pyarrow as pa

POISON_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("trigger", pa.string()),
        ("positions", pa.list_(pa.float32())),  # seconds
        ("snr_db", pa.float32()),  # as declared
        ("realised_snr_db", pa.float32()),
        ("amount", pa.float32()),
        ("scale", pa.float32()),
        ("truth", pa.string()),
        ("answer", pa.string()),  # the attack answer, which the victim is trained on
        ("audio_hash", pa.string()),
    ]
)

OUTCOMES_SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("clip_id", pa.string()),
        ("condition", pa.string()),
        ("speaker", pa.string()),
        ("realised_snr_db", pa.float32()),
        ("truth", pa.string()),
        ("answer", pa.string()),
        ("counts", pa.bool_()),  # the ground truth differs from the attack answer; only such a clip can be a success
        ("success", pa.bool_()),
    ]
)
"""One row per model, test clip and test condition: the clip unchanged, with the trigger, or with a random sound."""
