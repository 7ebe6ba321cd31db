"""Zeroed segments: short stretches of the clip become silent (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import RATE, Samples
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, WholeSpan, within


class ZeroSegmentsSettings(PerturbationSettings):
    """Ranges of the number of silent segments and of their length."""

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
        Range of the number of segments, both ends included.
    seconds : [from, to]
        Range of a segment's length. Both ends are limited to a quarter of the clip, so that every segment of a very
        short clip is a quarter of it.

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
