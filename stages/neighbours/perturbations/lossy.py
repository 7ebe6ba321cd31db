"""MP3 (ISO/IEC 11172-3) and Opus (IETF RFC 6716): the clip after lossy coding at a drawn rate.

Both encode and decode the clip (`stages.core.sound.codec`) at a compression that is drawn from a span. The value is
libsndfile's: 0 keeps most. The recipe holds the drawn `compression` and `scale`, the gain (at most 1) applied to
avoid clipping.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound import codec
from stages.core.sound.audio import Samples
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class MP3Settings(PerturbationSettings):
    """Range of MP3's compression: 0 is about 50 kbit/s; 0.99, the highest, is about 20 kbit/s."""

    compression: Annotated[Span, within(0, 0.99)]


class OpusSettings(PerturbationSettings):
    """Range of Opus's compression: 0 is about 260 kbit/s; 1 is about 10 kbit/s."""

    compression: Annotated[Span, within(0, 1)]


@perturbation("mp3", kind="audio", settings=MP3Settings)
def mp3(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Encode and decode the clip, float32[n], by MP3; it keeps its length."""
    return codec.mp3(samples, uniform(rng, compression))


@perturbation("opus", kind="audio", settings=OpusSettings)
def opus(samples: Samples, rng: np.random.Generator, *, compression: Sequence[float]) -> tuple[Samples, Recipe]:
    """Encode and decode the clip, float32[n], by Opus; it keeps its length."""
    return codec.opus(samples, uniform(rng, compression))
