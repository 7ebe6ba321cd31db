"""Sounds by name: what a question is put with, a clip or silence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from stages.core.sound.audio import audio_hash


@dataclass(frozen=True)
class NamedSound:
    """A sound by name.

    Attributes
    ----------
    audio_hash : str
    clip_id : str
        The clip whose sound it is; blank for silence.
    samples : int
        Of silence, how many at 16 kHz; 0 for a clip.
    """

    audio_hash: str
    clip_id: str
    samples: int = 0


@cache
def silence(samples: int) -> NamedSound:
    """Return so many samples of zeros."""
    return NamedSound(audio_hash(np.zeros(samples, np.float32)), "", samples)
