"""Tables of the stage `fidelity_detector`."""

from __future__ import annotations

import pyarrow as pa

DETECTOR_SCORES_SCHEMA = pa.schema([("clip_id", pa.string()), ("role", pa.string()), ("score", pa.float64())])
