"""Resample: down to the telephone's rate and up again, so that nothing above 4 kHz remains."""

from __future__ import annotations

import soxr

from stages.backdoor.defend.purifier import purifier
from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import fitted, within_range

LOW_RATE = 8_000
"""In Hz."""


@purifier("resample")
def resample(samples: Samples) -> Samples:
    """Send a clip through `LOW_RATE`: float32[n]; a clip of a single sample stays as it is."""
    low = soxr.resample(samples, RATE, LOW_RATE, quality="VHQ")
    if not len(low):
        return samples
    return within_range(fitted(soxr.resample(low, LOW_RATE, RATE, quality="VHQ"), len(samples)))[0]
