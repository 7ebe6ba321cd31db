"""G.711: the clip as an ordinary telephone line carries it (ITU-T G.711)."""

from __future__ import annotations

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe
from stages.perturbation.schema import OneOf


def apply(samples: Samples, rng: np.random.Generator, *, law: str) -> tuple[Samples, Recipe]:
    """Send the clip through G.711; nothing is drawn.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    law : "ulaw" or "alaw"

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `law`; `scale`, by which the clip was turned down lest it clip.
    """
    return codec.g711(samples, law)


PERTURBATIONS.register("g711")(Perturbation("audio", apply, {"law": OneOf(("ulaw", "alaw"))}, libraries=("soxr",)))
