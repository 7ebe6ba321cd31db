"""G.711: the clip as an ordinary telephone line carries it (ITU-T G.711)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.neighbours.recipe import Recipe, perturbation
from stages.neighbours.settings import PerturbationSettings


class G711Settings(PerturbationSettings):
    """The companding law of the 8-bit samples."""

    law: Literal["ulaw", "alaw"]


@perturbation("g711", kind="audio", settings=G711Settings, libraries=("soxr",))
def g711(samples: Samples, rng: np.random.Generator, *, law: str) -> tuple[Samples, Recipe]:
    """Encode and decode the clip by G.711; nothing is drawn.

    Parameters
    ----------
    samples : float32[n]
    rng : Generator
    law : "ulaw" or "alaw"

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `law`; `scale`, the gain (at most 1) applied to avoid clipping.
    """
    return codec.g711(samples, law)
