"""Silence: the transcript with silence of the clip's length. Only the text and the duration remain."""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("silence", kind="pairing")
def silence(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Return silence of the clip's length; nothing is drawn."""
    return Paired(np.zeros_like(utterance.samples)), {}
