"""Low-pass: what lies above the band of speech that carries most words is taken away."""

from __future__ import annotations

from stages.backdoor.defend.purifier import purifier
from stages.core.sound.audio import Samples
from stages.core.sound.band import passed
from stages.core.sound.levels import within_range

EDGE = 3000.0
"""Hz, where the response is down by 3 dB."""


@purifier("low_pass")
def low_pass(samples: Samples) -> Samples:
    """Keep what lies below `EDGE`: float32[n]."""
    return within_range(passed(samples, 0.0, EDGE))[0]
