"""Speed: the clip played faster or slower, so that pitch and formants move with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr

from stages.core.audio import RATE, Samples
from stages.perturbation.levels import within_range
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe, uniform
from stages.perturbation.schema import Span


def apply(samples: Samples, rng: np.random.Generator, *, factor: Sequence[float]) -> tuple[Samples, Recipe]:
    """Play the clip `factor` times as fast.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    factor : [from, to]
        Above 1 for faster.

    Returns
    -------
    samples : float32[n / factor]
        To within a sample, and never empty; what would rise above half the rate is filtered out.
    recipe : dict
        `factor`; `scale`, by which the sound was turned down lest it clip.
    """
    drawn = uniform(rng, factor)
    played = soxr.resample(samples, RATE * drawn, RATE, quality="VHQ")
    changed, scale = within_range(played if len(played) else samples[:1])
    return changed, {"factor": drawn, "scale": scale}


PERTURBATIONS.register("speed")(Perturbation("audio", apply, {"factor": Span(0.5, 2)}, libraries=("soxr",)))
