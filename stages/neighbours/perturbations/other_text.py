"""Other text: sound and transcript of another clip of the same speaker, with other words."""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("other_text", kind="pairing", donor="same_speaker")
def other_text(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound and transcript; nothing changes if the speaker has no other text."""
    donor = utterance.donor
    return (Paired(donor.samples, donor.text) if donor else Paired()), {}
