"""Speed: the clip played faster or slower, so that pitch and formants move with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.core.sound.stretching import played_faster
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class SpeedSettings(PerturbationSettings):
    """Range of the factor of speed."""

    factor: Annotated[Span, within(0.5, 2)]


@perturbation("speed", kind="audio", settings=SpeedSettings, libraries=("soxr",))
def speed(samples: Samples, rng: np.random.Generator, *, factor: Sequence[float]) -> tuple[Samples, Recipe]:
    """Play the clip `factor` times as fast.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    factor : [from, to]
        Range of the factor; above 1 is faster.

    Returns
    -------
    samples : float32[n / factor]
        The length is right to within one sample, and never 0. Frequencies that would rise above half the sampling rate
        are filtered out.
    recipe : dict
        `factor`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    drawn = uniform(rng, factor)
    changed, scale = within_range(played_faster(samples, drawn))
    return changed, {"factor": drawn, "scale": scale}
