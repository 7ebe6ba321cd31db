"""Other voice: the same words as another speaker said them, where the corpus holds such a clip.

The true counterfactual. Corpora of read sentences often hold one; the lab renders one for each clip where
``lab_speech.corpora.<name>.other_voices`` says so.
"""

from __future__ import annotations

import numpy as np

from stages.perturbation.recipe import PERTURBATIONS, Paired, Perturbation, Recipe, Utterance


def apply(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound, which says this transcript; nothing changes where nobody else said it."""
    return Paired(utterance.donor.samples if utterance.donor else None), {}


PERTURBATIONS.register("other_voice")(Perturbation("pairing", apply, donor="same_text"))
