"""Other text: the same speaker with other words, sound and transcript both, as in another clip of the corpus."""

from __future__ import annotations

import numpy as np

from stages.perturbation.recipe import PERTURBATIONS, Paired, Perturbation, Recipe, Utterance


def apply(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound and transcript; nothing changes where the speaker has no other text."""
    donor = utterance.donor
    return (Paired(donor.samples, donor.text) if donor else Paired()), {}


PERTURBATIONS.register("other_text")(Perturbation("pairing", apply, donor="same_speaker"))
