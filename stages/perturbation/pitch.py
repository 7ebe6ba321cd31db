"""Pitch: every frequency of the clip raised or lowered by as many semitones, its duration kept.

Formants move along (`stages.core.sound.stretching`); `formants` and `voice_conversion` move these apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.core.sound.stretching import raised
from stages.perturbation.recipe import Recipe, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, within


class PitchSettings(PerturbationSettings):
    """By how many semitones the pitch moves."""

    semitones: Annotated[Span, within(-12, 12)]


@perturbation("pitch", kind="audio", settings=PitchSettings, libraries=("scipy", "soxr"))
def pitch(samples: Samples, rng: np.random.Generator, *, semitones: Sequence[float]) -> tuple[Samples, Recipe]:
    """Move every frequency by a drawn interval.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    semitones : [from, to]
        Above 0 for higher.

    Returns
    -------
    samples : float32[n]
        Of the clip's length and mean power.
    recipe : dict
        `semitones`; `scale`, by which the sound was turned down so that it does not clip.
    """
    drawn = uniform(rng, semitones)
    changed, scale = within_range(raised(samples, drawn))
    return changed, {"semitones": drawn, "scale": scale}
