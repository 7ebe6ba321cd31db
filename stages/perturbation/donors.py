"""Choose the donor of a pairing: a draw among the clips that fit, which hardly depends on the corpus's other clips.

Every candidate has a number that is drawn from the seed, the perturbation, the clip and the candidate. The candidate
with the highest number is the donor (rendezvous hashing, Thaler and Ravishankar 1998). The draw does not depend on the
order of clips, and one more clip in the corpus changes few draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.run.randomness import seed_of
from stages.perturbation.recipe import DonorRule

Codes = NDArray[np.uint64]


class Donors:
    """The clips of a corpus, as donors for each other.

    Parameters
    ----------
    clips : sequence of mapping
        With clip_id, audio_hash, text, speaker and member. A clip without a speaker counts as a speaker of its own.
    seed : int
    """

    def __init__(self, clips: Sequence[Mapping[str, Any]], seed: int) -> None:
        self._clips = clips
        self._seed = seed
        self._code = np.array([seed_of(0, clip["clip_id"]) for clip in clips], np.uint64)
        self._speaker = _codes([clip["speaker"] or f"\0{clip['clip_id']}" for clip in clips])
        self._text = _codes([" ".join(clip["text"].lower().split()) for clip in clips])
        self._member = np.array([clip["member"] is True for clip in clips], np.bool_)
        self._at = {clip["clip_id"]: row for row, clip in enumerate(clips)}

    def donor(self, rule: DonorRule, name: str, clip_id: str, index: int) -> Mapping[str, Any] | None:
        """Return the clip that a perturbation takes from, or None if no clip fits.

        A known member is taken only if no other clip fits. Otherwise the target's memory of the donor could look like
        its memory of the clip.
        """
        row = self._at[clip_id]
        same_speaker, same_text = self._speaker == self._speaker[row], self._text == self._text[row]
        fits = {
            "other_speaker": ~same_speaker & ~same_text,
            "same_speaker": same_speaker & ~same_text,
            "same_text": ~same_speaker & same_text,
        }[rule]
        candidates = np.flatnonzero(fits & ~self._member)
        if not len(candidates):
            candidates = np.flatnonzero(fits)
        if not len(candidates):
            return None
        key = np.uint64(seed_of(self._seed, "donor", name, clip_id, index))
        return self._clips[int(candidates[np.argmax(_mixed(self._code[candidates] ^ key))])]


def _codes(values: Sequence[str]) -> NDArray[np.intp]:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.intp)


def _mixed(codes: Codes) -> Codes:
    """Mix 64 bits (the finalizer of splitmix64, Steele et al. 2014); products wrap around."""
    mixed = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
