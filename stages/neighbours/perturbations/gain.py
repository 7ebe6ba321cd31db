"""Gain: the clip louder or softer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import CEILING
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class GainSettings(PerturbationSettings):
    """Range of the gain in decibels."""

    decibels: Annotated[Span, within(-60, 60)]


@perturbation("gain", kind="audio", settings=GainSettings)
def gain(samples: Samples, rng: np.random.Generator, *, decibels: Sequence[float]) -> tuple[Samples, Recipe]:
    """Amplify by a drawn gain, but never so far that the peak would clip.

    Parameters
    ----------
    samples : float32[n]
        In [-1, 1].
    rng : Generator
    decibels : [from, to]
        Range of the gain.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `drawn_decibels`; `decibels`, the gain that was applied; `limited`, whether the two differ.
    """
    drawn = uniform(rng, decibels)
    peak = float(np.abs(samples).max(initial=0.0))
    room = 20 * float(np.log10(CEILING / peak)) if peak else np.inf
    # A clip whose peak is already at the ceiling stays unchanged; it is not attenuated.
    applied = min(drawn, max(room, 0.0))
    factor = np.float32(10 ** (applied / 20))
    recipe = {"drawn_decibels": drawn, "decibels": round(applied, 6), "limited": applied < drawn}
    return samples * factor, recipe
