"""Clipping: the loudest samples are cut off, as by a microphone set too high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.perturbation.recipe import Recipe, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, within


class ClippingSettings(PerturbationSettings):
    """Which share of the samples ends at the limit."""

    share: Annotated[Span, within(0.0001, 0.5)]


@perturbation("clipping", kind="audio", settings=ClippingSettings)
def clipping(samples: Samples, rng: np.random.Generator, *, share: Sequence[float]) -> tuple[Samples, Recipe]:
    """Cut a drawn share of the samples off at the size that all others stay below; the level is not raised.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    share : [from, to]
        Of the samples that end at the limit.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `share`, drawn; `limit`, the size at which samples were cut off.
    """
    drawn = uniform(rng, share)
    limit = np.float32(np.quantile(np.abs(samples), 1 - drawn, method="lower"))
    return np.clip(samples, -limit, limit), {"share": drawn, "limit": float(limit)}
