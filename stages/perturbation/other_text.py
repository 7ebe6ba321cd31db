"""Other text: the same speaker with other words, sound and transcript both, as in another clip of the corpus."""

from __future__ import annotations

import numpy as np

from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("other_text", kind="pairing", donor="same_speaker")
def other_text(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound and transcript; nothing changes where the speaker has no other text."""
    donor = utterance.donor
    return (Paired(donor.samples, donor.text) if donor else Paired()), {}
