"""Text alone: the transcript with a moment of silence, the same for every clip, so that not even its length is told."""

from __future__ import annotations

import numpy as np

from stages.core.sound.audio import RATE
from stages.perturbation.recipe import PERTURBATIONS, Paired, Perturbation, Recipe, Utterance
from stages.perturbation.schema import Number


def apply(utterance: Utterance, rng: np.random.Generator, *, seconds: float) -> tuple[Paired, Recipe]:
    """Return so many seconds of silence; nothing is drawn.

    Parameters
    ----------
    utterance : Utterance
    rng : Generator
    seconds : float
        An audio model takes no clip without sound; 0.2 s are enough for all.

    Returns
    -------
    paired : Paired
    recipe : dict
        Empty.
    """
    return Paired(np.zeros(round(seconds * RATE), np.float32)), {}


PERTURBATIONS.register("text_alone")(Perturbation("pairing", apply, {"seconds": Number(0.1, 30)}))
