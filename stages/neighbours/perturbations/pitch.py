"""Pitch: every frequency of the clip moves by the same number of semitones; the duration stays.

Formants move too (`stages.core.sound.stretching`). `formants` moves them alone, and `voice_conversion` moves pitch and
formants by different factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.core.sound.stretching import raised
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class PitchSettings(PerturbationSettings):
    """Range of the change of pitch in semitones."""

    semitones: Annotated[Span, within(-12, 12)]


@perturbation("pitch", kind="audio", settings=PitchSettings, libraries=("scipy", "soxr"))
def pitch(samples: Samples, rng: np.random.Generator, *, semitones: Sequence[float]) -> tuple[Samples, Recipe]:
    """Move every frequency by a drawn interval.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    semitones : [from, to]
        Range of the change; above 0 is higher.

    Returns
    -------
    samples : float32[n]
        The clip's length and mean power stay.
    recipe : dict
        `semitones`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    drawn = uniform(rng, semitones)
    changed, scale = within_range(raised(samples, drawn))
    return changed, {"semitones": drawn, "scale": scale}
