"""Resynthesis: the transcript as Praat's synthesiser speaks it, at the clip's level.

Another voice, and another manner as well: rhythm, stress, pauses, room and noise are the synthesiser's. What changes
with it is therefore not the voice's alone; `codec` over every pairing levels what coding can level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.levels import rms, within_range
from stages.perturbation.praat import speak
from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, Text, within


class ResynthesisSettings(PerturbationSettings):
    """The voice that speaks, and how fast."""

    language: Text
    variant: Text
    words_per_minute: Annotated[Span, within(80, 450)]


@perturbation("resynthesis", kind="pairing", settings=ResynthesisSettings, libraries=("praat-parselmouth", "soxr"))
def resynthesis(
    utterance: Utterance,
    rng: np.random.Generator,
    *,
    language: str,
    variant: str,
    words_per_minute: Sequence[float],
) -> tuple[Paired, Recipe]:
    """Speak the transcript.

    Parameters
    ----------
    utterance : Utterance
    rng : Generator
    language, variant : str
        As in the synthesiser's list, such as ``English (America)`` and ``Female1``.
    words_per_minute : [from, to]

    Returns
    -------
    paired : Paired
        Of the clip's mean power; the clip's own sound where there is nothing to say.
    recipe : dict
        `words_per_minute`; `scale`, by which the speech was turned down so that it does not clip; both null where
        nothing was said.
    """
    rate = uniform(rng, words_per_minute)
    spoken = speak(utterance.text, language, variant, rate) if utterance.text.strip() else np.zeros(0, np.float32)
    if not rms(spoken):
        return Paired(), {"words_per_minute": None, "scale": None}
    sound, scale = within_range(spoken * (rms(utterance.samples) / rms(spoken)))
    return Paired(sound), {"words_per_minute": rate, "scale": scale}
