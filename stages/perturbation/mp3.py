"""MP3: the clip after lossy coding at a drawn rate (ISO/IEC 11172-3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe, uniform
from stages.perturbation.schema import Span


def apply(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Send the clip through MP3.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    compression : [from, to]
        Within 0 and 0.99, as libsndfile counts it: 0 is about 50 kbit/s, 0.99 about 20.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `compression`; `scale`, by which the sound was turned down lest it clip.
    """
    return codec.mp3(samples, uniform(rng, compression))


PERTURBATIONS.register("mp3")(Perturbation("audio", apply, {"compression": Span(0, 0.99)}))
