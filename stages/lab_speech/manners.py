"""Manners of speaking, calm or excited: an attribute that no target of the lab is ever taught.

Every voice uses both manners equally often, so a manner carries no information about the speaker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stages.core.run.randomness import generator
from stages.lab_speech.voices import Voice


@dataclass(frozen=True)
class Manner:
    """How a manner changes a voice.

    Attributes
    ----------
    pitch, words_per_minute : float
        Factors on the voice's own.
    pitch_range : float
        Factor on how far the pitch moves.
    """

    pitch: float
    words_per_minute: float
    pitch_range: float


MANNERS = {"calm": Manner(0.94, 0.85, 0.4), "excited": Manner(1.12, 1.2, 1.8)}


def manner_of(clip_id: str, number: int, seed: int) -> str:
    """Return a clip's manner: of two consecutive clips one is calm and one excited, in random order."""
    pair, place = divmod(number, 2)
    corpus = clip_id.rsplit("_", 1)[0]
    first = int(generator(seed, "lab_speech", "manner", corpus, pair).integers(2))
    return sorted(MANNERS)[(first + place) % 2]


def in_manner(voice: Voice, manner: str) -> Voice:
    """Return a voice as it sounds in a manner."""
    change = MANNERS[manner]
    return replace(
        voice,
        pitch=round(voice.pitch * change.pitch, 4),
        words_per_minute=round(voice.words_per_minute * change.words_per_minute),
        pitch_range=change.pitch_range,
    )
