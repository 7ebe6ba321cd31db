"""Speed: the whole clip is played faster or slower, which changes its length and its pitch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import Samples
from stages.core.sound.stretching import played_faster


@trigger("speed", additive=False, unit="times as fast", limits=(0.5, 2.0), neutral=1.0)
def speed(samples: Samples, amount: float) -> NDArray[np.floating[Any]]:
    """Play the clip `amount` times as fast: float[n / amount]."""
    return played_faster(samples, amount)
