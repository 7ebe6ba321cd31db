"""Resynthesis: the transcript spoken by Praat's synthesiser, at the clip's level.

Not only the voice changes: rhythm, stress, pauses, room and noise are the synthesiser's too. An effect of this
perturbation is therefore not an effect of the voice alone. `pairing_codec` sends every pairing through the same codec,
which removes the differences that coding can remove.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.levels import rms, within_range
from stages.neighbours.praat import speak
from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, Text, within


class ResynthesisSettings(PerturbationSettings):
    """The synthesiser's voice and range of speed."""

    language: Text
    variant: Text
    words_per_minute: Annotated[Span, within(80, 450)]


@perturbation(
    "resynthesis", kind="pairing", settings=ResynthesisSettings, libraries=("praat-parselmouth", "soxr"), stored=True
)
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
        Names from the synthesiser's list, such as ``English (America)`` and ``Female1``.
    words_per_minute : [from, to]

    Returns
    -------
    paired : Paired
        A sound with the clip's mean power; the clip's own sound if the transcript gives no speech.
    recipe : dict
        `words_per_minute`; `scale`, the gain (at most 1) applied to avoid clipping; both are null
        if nothing was said.
    """
    rate = uniform(rng, words_per_minute)
    spoken = speak(utterance.text, language, variant, rate) if utterance.text.strip() else np.zeros(0, np.float32)
    if not rms(spoken):
        return Paired(), {"words_per_minute": None, "scale": None}
    sound, scale = within_range(spoken * (rms(utterance.samples) / rms(spoken)))
    return Paired(sound), {"words_per_minute": rate, "scale": scale}
