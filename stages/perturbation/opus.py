"""Opus: the clip after lossy coding at a drawn rate (IETF RFC 6716)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe, uniform
from stages.perturbation.schema import Span


def apply(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Send the clip through Opus.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    compression : [from, to]
        Within 0 and 1, as libsndfile counts it: 0 is about 260 kbit/s, 1 about 10.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`, by which the sound was turned down lest it clip.
    """
    return codec.opus(samples, uniform(rng, compression))


PERTURBATIONS.register("opus")(Perturbation("audio", apply, {"compression": Span(0, 1)}))
