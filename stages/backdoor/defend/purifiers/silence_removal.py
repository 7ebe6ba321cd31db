"""Silence removal: pauses go, and with them the quiet in which a trigger stands alone."""

from __future__ import annotations

import numpy as np

from stages.backdoor.defend.purifier import purifier
from stages.core.sound.audio import RATE, Samples

FRAME = RATE // 50
"""Samples of a frame, 20 ms."""
QUIET = 10**-4.0
"""Frames that are 40 dB below the loudest one are silence."""


@purifier("silence_removal")
def silence_removal(samples: Samples) -> Samples:
    """Leave out silent frames: float32[m], m of at least a frame where the clip has one.

    What is less than a frame at the end stays. Silence throughout stays as it is: its frames are all the loudest.
    """
    whole = len(samples) // FRAME * FRAME
    frames = samples[:whole].reshape(-1, FRAME)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    heard = frames[power >= QUIET * power.max(initial=0.0)]
    return np.concatenate([heard.ravel(), samples[whole:]])
