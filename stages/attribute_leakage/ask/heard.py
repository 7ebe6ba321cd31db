"""The sound that is played with a question, by reference: a clip or silence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from stages.core.sound.audio import audio_hash


@dataclass(frozen=True)
class NamedSound:
    """A reference to a sound, without its samples.

    Attributes
    ----------
    audio_hash : str
    clip_id : str
        The clip that is played; blank for silence.
    samples : int
        Length of a silence at 16 kHz; 0 for a clip.
    """

    audio_hash: str
    clip_id: str
    samples: int = 0


@cache
def silence(samples: int) -> NamedSound:
    """Return a silence of `samples` zeros."""
    return NamedSound(audio_hash(np.zeros(samples, np.float32)), "", samples)
