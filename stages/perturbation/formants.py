"""Formants: a shorter or longer vocal tract, with pitch and duration kept (Praat)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.perturbation.praat import changed_voice
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe, uniform
from stages.perturbation.schema import Span


def apply(samples: Samples, rng: np.random.Generator, *, factor: Sequence[float]) -> tuple[Samples, Recipe]:
    """Move all formants by a drawn factor.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    factor : [from, to]
        Above 1 for a shorter vocal tract.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `factor`, null for a clip under 0.1 s, which comes back as it was; `scale`, by which the sound was turned
        down lest it clip.
    """
    drawn = uniform(rng, factor)
    moved = changed_voice(samples, drawn, 1.0)
    if moved is None:
        return samples, {"factor": None, "scale": 1.0}
    changed, scale = within_range(moved)
    return changed, {"factor": drawn, "scale": scale}


PERTURBATIONS.register("formants")(
    Perturbation("audio", apply, {"factor": Span(0.7, 1.4)}, libraries=("praat-parselmouth", "soxr"))
)
