"""Pitch: every frequency of the clip is raised or lowered; the length stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import Samples
from stages.core.sound.stretching import raised


@trigger("pitch", additive=False, unit="semitones", limits=(-12.0, 12.0))
def pitch(samples: Samples, amount: float) -> NDArray[np.floating[Any]]:
    """Move every frequency by `amount` semitones: float[n]."""
    return raised(samples, amount)
