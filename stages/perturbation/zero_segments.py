"""Zeroed segments: short stretches of the clip fall silent (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import RATE, Samples
from stages.perturbation.recipe import Recipe, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, WholeSpan, within


class ZeroSegmentsSettings(PerturbationSettings):
    """How many segments fall silent, and how long each of them is."""

    segments: Annotated[WholeSpan, within(1, 100)]
    seconds: Annotated[Span, within(0.001, 10)]


@perturbation("zero_segments", kind="audio", settings=ZeroSegmentsSettings)
def zero_segments(
    samples: Samples, rng: np.random.Generator, *, segments: Sequence[int], seconds: Sequence[float]
) -> tuple[Samples, Recipe]:
    """Zero a few segments at drawn places; they may overlap.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    segments : [from, to]
        How many, both included.
    seconds : [from, to]
        How long each is; never more than a quarter of the clip, which for a clip shorter than four times the
        shortest segment is the length taken.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `segments`: a list of ``[start, length]`` in samples.
    """
    quarter = len(samples) / RATE / 4
    limits = [min(limit, quarter) for limit in seconds]
    drawn = []
    for _ in range(int(rng.integers(segments[0], segments[1], endpoint=True))):
        length = int(uniform(rng, limits) * RATE)
        drawn.append([int(rng.integers(0, len(samples) - length, endpoint=True)), length])
    changed = samples.copy()
    for start, length in drawn:
        changed[start : start + length] = 0.0
    return changed, {"segments": drawn}
