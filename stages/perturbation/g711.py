"""G.711: the clip as an ordinary telephone line carries it (ITU-T G.711)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.perturbation.recipe import Recipe, perturbation
from stages.perturbation.settings import PerturbationSettings


class G711Settings(PerturbationSettings):
    """Which law compresses the 8 bits."""

    law: Literal["ulaw", "alaw"]


@perturbation("g711", kind="audio", settings=G711Settings, libraries=("soxr",))
def g711(samples: Samples, rng: np.random.Generator, *, law: str) -> tuple[Samples, Recipe]:
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
        `law`; `scale`, by which the clip was turned down so that it does not clip.
    """
    return codec.g711(samples, law)
