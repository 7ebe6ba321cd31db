"""Lower case: the text without capitals, for the attack `lowercase` (Carlini et al., arXiv 2012.07805)."""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Recipe, perturbation


@perturbation("lower_case", kind="text")
def lower_case(text: str, rng: np.random.Generator) -> tuple[str, Recipe]:
    """Return the text in lower case; nothing is drawn."""
    return text.lower(), {}
