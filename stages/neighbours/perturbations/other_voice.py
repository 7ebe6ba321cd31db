"""Other voice: the same words spoken by another speaker, if the corpus has such a clip.

This is the true counterfactual. Corpora of read sentences often have such clips. The lab renders one for each clip if
``lab_speech.corpora.<name>.other_voices`` says so.
"""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("other_voice", kind="pairing", donor="same_text")
def other_voice(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound of the same transcript; nothing changes if no other speaker said it."""
    return Paired(utterance.donor.samples if utterance.donor else None), {}
