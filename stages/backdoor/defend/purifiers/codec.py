"""Codec: a round trip through Opus, which keeps what is heard and drops the rest."""

from __future__ import annotations

from stages.backdoor.defend.purifier import purifier
from stages.core.sound.audio import Samples
from stages.core.sound.codec import round_trip


@purifier("codec")
def codec(samples: Samples) -> Samples:
    """Send a clip through Opus at a usual rate: float32[n]."""
    return round_trip(samples, "opus")
