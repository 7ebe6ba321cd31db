"""As it was: the clip's own sound and transcript as a pairing, so that it goes through the pairings' codec too."""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("as_it_was", kind="pairing")
def as_it_was(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Change nothing; nothing is drawn."""
    return Paired(utterance.samples), {}
