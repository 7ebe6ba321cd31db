"""Voice conversion: the clip with another vocal tract length and pitch (Praat)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.levels import within_range
from stages.neighbours.praat import changed_voice, median_pitch
from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within

MIDDLE = 165.0
"""In Hz, between the median pitches of most men and most women. Lower voices are raised, higher voices lowered."""


class VoiceConversionSettings(PerturbationSettings):
    """Ranges of the changes of pitch and formants."""

    semitones: Annotated[Span, within(0, 12)]
    formants: Annotated[Span, within(1, 1.4)]


@perturbation(
    "voice_conversion",
    kind="pairing",
    settings=VoiceConversionSettings,
    libraries=("praat-parselmouth", "soxr"),
    stored=True,
)
def voice_conversion(
    utterance: Utterance, rng: np.random.Generator, *, semitones: Sequence[float], formants: Sequence[float]
) -> tuple[Paired, Recipe]:
    """Move pitch and formants towards those of the other sex; words, timing and speaking style stay.

    Parameters
    ----------
    utterance : Utterance
    rng : Generator
    semitones : [from, to]
        Range of the change of pitch.
    formants : [from, to]
        Range of the factor for the formants, above 1; its inverse is used if the voice is lowered.

    Returns
    -------
    paired : Paired
    recipe : dict
        `median_hertz`, the clip's median pitch, 0 if nothing is voiced (then only formants move); `semitones` and
        `formants`, signed and inverted as they were applied; `scale`. All are null for a clip under 0.1 s, which is
        returned unchanged.
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
