"""MP3 (ISO/IEC 11172-3) and Opus (IETF RFC 6716): the clip after lossy coding at a drawn rate.

Both send the clip through the codec itself (`stages.core.sound.codec`) at a compression that is drawn from a span, as
libsndfile counts it: 0 keeps most. The recipe holds `compression`, drawn, and `scale`, by which the sound was turned
down so that it does not clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.perturbation.recipe import Recipe, perturbation, uniform
from stages.perturbation.settings import PerturbationSettings, Span, within


class MP3Settings(PerturbationSettings):
    """How strongly MP3 compresses: 0 is about 50 kbit/s, 0.99, the highest, about 20."""

    compression: Annotated[Span, within(0, 0.99)]


class OpusSettings(PerturbationSettings):
    """How strongly Opus compresses: 0 is about 260 kbit/s, 1 about 10."""

    compression: Annotated[Span, within(0, 1)]


@perturbation("mp3", kind="audio", settings=MP3Settings)
def mp3(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Send the clip, float32[n], through MP3; it keeps its length."""
    return codec.mp3(samples, uniform(rng, compression))


@perturbation("opus", kind="audio", settings=OpusSettings)
def opus(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Send the clip, float32[n], through Opus; it keeps its length."""
    return codec.opus(samples, uniform(rng, compression))
