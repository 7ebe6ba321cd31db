"""Formants: a shorter or longer vocal tract, with pitch and duration kept (Praat)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.neighbours.praat import changed_voice
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class FormantsSettings(PerturbationSettings):
    """Range of the factor for formants."""

    factor: Annotated[Span, within(0.7, 1.4)]


@perturbation("formants", kind="audio", settings=FormantsSettings, libraries=("praat-parselmouth", "soxr"), stored=True)
def formants(samples: Samples, rng: np.random.Generator, *, factor: Sequence[float]) -> tuple[Samples, Recipe]:
    """Move all formants by a drawn factor.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    factor : [from, to]
        Range of the factor; above 1 is a shorter vocal tract.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `factor`, null for a clip under 0.1 s, which is returned unchanged; `scale`, the gain (at most 1) applied to
        avoid clipping.
    """
    drawn = uniform(rng, factor)
    moved = changed_voice(samples, drawn, 1.0)
    if moved is None:
        return samples, {"factor": None, "scale": 1.0}
    changed, scale = within_range(moved)
    return changed, {"factor": drawn, "scale": scale}
