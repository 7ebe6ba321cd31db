"""Low-pass: frequencies above a drawn edge are removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.band import passed
from stages.core.sound.levels import within_range
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class LowPassSettings(PerturbationSettings):
    """Range of the edge in Hz."""

    hertz: Annotated[Span, within(100, 7900)]


@perturbation("low_pass", kind="audio", settings=LowPassSettings)
def low_pass(samples: Samples, rng: np.random.Generator, *, hertz: Sequence[float]) -> tuple[Samples, Recipe]:
    """Keep the frequencies below a drawn edge.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    hertz : [from, to]
        Range of the frequency at which the response is down by 3 dB.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `hertz`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    drawn = uniform(rng, hertz)
    changed, scale = within_range(passed(samples, 0.0, drawn))
    return changed, {"hertz": drawn, "scale": scale}
