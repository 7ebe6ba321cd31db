"""Other voice: the same words as another speaker said them, where the corpus holds such a clip.

The true counterfactual. Corpora of read sentences often hold one; the lab renders one for each clip where
``lab_speech.corpora.<name>.other_voices`` says so.
"""

from __future__ import annotations

import numpy as np

from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("other_voice", kind="pairing", donor="same_text")
def other_voice(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound, which says this transcript; nothing changes where nobody else said it."""
    return Paired(utterance.donor.samples if utterance.donor else None), {}
