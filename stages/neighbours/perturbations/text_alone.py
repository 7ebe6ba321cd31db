"""Text alone: the transcript with a short silence, the same for all clips, so that it does not show their length."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from stages.core.sound.audio import RATE
from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation
from stages.neighbours.settings import Number, PerturbationSettings, within


class TextAloneSettings(PerturbationSettings):
    """Length of the silence."""

    seconds: Annotated[Number, within(0.1, 30)]


@perturbation("text_alone", kind="pairing", settings=TextAloneSettings)
def text_alone(utterance: Utterance, rng: np.random.Generator, *, seconds: float) -> tuple[Paired, Recipe]:
    """Return a silence of the given length; nothing is drawn.

    Parameters
    ----------
    utterance : Utterance
    rng : Generator
    seconds : float
        Audio models refuse an empty clip; 0.2 s are enough for all of them.

    Returns
    -------
    paired : Paired
    recipe : dict
        Empty.
    """
    return Paired(np.zeros(round(seconds * RATE), np.float32)), {}
