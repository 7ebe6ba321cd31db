"""Wrong audio: the clip's transcript with another speaker's sound from another clip."""

from __future__ import annotations

import numpy as np

from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("wrong_audio", kind="pairing", donor="other_speaker")
def wrong_audio(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Take the donor's sound and keep the transcript; nothing changes if the corpus has no such donor."""
    return Paired(utterance.donor.samples if utterance.donor else None), {}
