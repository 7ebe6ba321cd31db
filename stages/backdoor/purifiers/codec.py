"""Codec: a round trip through Opus, which keeps what is heard and drops the rest."""

from __future__ import annotations

from stages.backdoor.purifier import PURIFIERS
from stages.core.audio import Samples
from stages.core.codec import round_trip


@PURIFIERS.register("codec")
def codec(samples: Samples) -> Samples:
    """Send a clip through Opus at a usual rate: float32[n]."""
    return round_trip(samples, "opus")
