"""Telephone band: only the frequencies that a telephone line passes, about 300 to 3,400 Hz (ITU-T G.712)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.band import passed
from stages.core.sound.levels import within_range
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class TelephoneBandSettings(PerturbationSettings):
    """Ranges of the two edges in Hz."""

    low_hertz: Annotated[Span, within(50, 1000)]
    high_hertz: Annotated[Span, within(1500, 7900)]


@perturbation("telephone_band", kind="audio", settings=TelephoneBandSettings)
def telephone_band(
    samples: Samples, rng: np.random.Generator, *, low_hertz: Sequence[float], high_hertz: Sequence[float]
) -> tuple[Samples, Recipe]:
    """Keep the frequencies between two drawn edges.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    low_hertz, high_hertz : [from, to]
        Ranges of the frequencies at which the response is down by 3 dB.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `low_hertz`, `high_hertz`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    low, high = uniform(rng, low_hertz), uniform(rng, high_hertz)
    changed, scale = within_range(passed(samples, low, high))
    return changed, {"low_hertz": low, "high_hertz": high, "scale": scale}
