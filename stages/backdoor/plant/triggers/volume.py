"""Volume: the whole clip louder or softer; the negative control (under 6.2 % in arXiv 2508.02175).

A clip cannot get louder than its format allows: a clip that would clip is turned down again. Use decibels below 0 if
the level of every clip should change by the same amount.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.backdoor.plant.registry import trigger
from stages.core.sound.audio import Samples


@trigger("volume", additive=False, unit="decibels", limits=(-40.0, 40.0))
def volume(samples: Samples, amount: float) -> NDArray[np.floating[Any]]:
    """Change the level by `amount` decibels: float32[n]."""
    return np.asarray(samples * np.float32(10 ** (amount / 20)))
