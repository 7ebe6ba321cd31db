"""Clipping: the loudest samples are cut off, as with a microphone gain that is too high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class ClippingSettings(PerturbationSettings):
    """Range of the share of samples to cut off."""

    share: Annotated[Span, within(0.0001, 0.5)]


@perturbation("clipping", kind="audio", settings=ClippingSettings)
def clipping(samples: Samples, rng: np.random.Generator, *, share: Sequence[float]) -> tuple[Samples, Recipe]:
    """Cut a drawn share of the samples off at the largest size among the others; the level is not raised.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    share : [from, to]
        Range of the share of samples that end at the limit.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `share`, the drawn share; `limit`, the size at which samples were cut off.
    """
    drawn = uniform(rng, share)
    limit = np.float32(np.quantile(np.abs(samples), 1 - drawn, method="lower"))
    return np.clip(samples, -limit, limit), {"share": drawn, "limit": float(limit)}
