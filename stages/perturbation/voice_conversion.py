"""Voice conversion: the clip as if somebody of another size and pitch had said it (Praat)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.levels import within_range
from stages.perturbation.praat import changed_voice, median_pitch
from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, within

MIDDLE = 165.0
"""Hz between the median pitches of most men and most women: below it a voice is raised, above it lowered."""


class VoiceConversionSettings(PerturbationSettings):
    """By how much pitch and formants move."""

    semitones: Annotated[Span, within(0, 12)]
    formants: Annotated[Span, within(1, 1.4)]


@perturbation(
    "voice_conversion", kind="pairing", settings=VoiceConversionSettings, libraries=("praat-parselmouth", "soxr")
)
def voice_conversion(
    utterance: Utterance, rng: np.random.Generator, *, semitones: Sequence[float], formants: Sequence[float]
) -> tuple[Paired, Recipe]:
    """Move pitch and formants towards the other sex's; words, timing and manner stay.

    Parameters
    ----------
    utterance : Utterance
    rng : Generator
    semitones : [from, to]
        By which the pitch moves.
    formants : [from, to]
        Factor by which the formants move, above 1; its inverse where the voice is lowered.

    Returns
    -------
    paired : Paired
    recipe : dict
        `median_hertz`, the clip's pitch, 0 where nothing is voiced and only formants move; `semitones` and
        `formants`, signed and inverted as they were applied; `scale`. All null for a clip under 0.1 s, which comes
        back as it was.
    """
    steps, factor = uniform(rng, semitones), uniform(rng, formants)
    found = median_pitch(utterance.samples)
    if found >= MIDDLE:
        steps, factor = -steps, round(1 / factor, 6)
    changed = changed_voice(utterance.samples, factor, 2 ** (steps / 12))
    if changed is None:
        return Paired(), dict.fromkeys(("median_hertz", "semitones", "formants", "scale"))
    sound, scale = within_range(changed)
    return Paired(sound), {"median_hertz": round(found, 3), "semitones": steps, "formants": factor, "scale": scale}
