"""Text alone: the transcript with a moment of silence, the same for every clip, so that not even its length is told."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from stages.core.sound.audio import RATE
from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation
from stages.perturbation.settings import Number, PerturbationSettings, within


class TextAloneSettings(PerturbationSettings):
    """How long the silence is."""

    seconds: Annotated[Number, within(0.1, 30)]


@perturbation("text_alone", kind="pairing", settings=TextAloneSettings)
def text_alone(utterance: Utterance, rng: np.random.Generator, *, seconds: float) -> tuple[Paired, Recipe]:
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
