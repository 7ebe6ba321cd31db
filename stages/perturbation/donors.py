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
from stages.neighbours.recipe import DonorRule

Codes = NDArray[np.uint64]
Places = NDArray[np.intp]


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
        self._of_speaker, self._of_text = _places(self._speaker), _places(self._text)
        self._member = np.array([clip["member"] is True for clip in clips], np.bool_)
        # The codes once more, without those of known members: most donors are drawn among all of these.
        self._others = np.flatnonzero(~self._member)
        self._other_code = self._code[self._others]
        self._at = {clip["clip_id"]: row for row, clip in enumerate(clips)}
        self._drawn: dict[tuple[DonorRule, str, int, int], int | None] = {}

    def donor(self, rule: DonorRule, name: str, clip_id: str, index: int) -> Mapping[str, Any] | None:
        """Return the clip that a perturbation takes from, or None if no clip fits.

        A known member is taken only if no other clip fits. Otherwise the target's memory of the donor could look like
        its memory of the clip. A draw among all clips takes time in proportion to their number, so it is kept.
        """
        row = self._at[clip_id]
        if (rule, name, index, row) not in self._drawn:
            key = np.uint64(seed_of(self._seed, "donor", name, clip_id, index))
            self._drawn[rule, name, index, row] = self._draw(rule, row, key)
        drawn = self._drawn[rule, name, index, row]
        return None if drawn is None else self._clips[drawn]

    def _draw(self, rule: DonorRule, row: int, key: np.uint64) -> int | None:
        if rule == "other_speaker":
            return self._elsewhere(row, key)
        candidates = self._of_speaker[self._speaker[row]] if rule == "same_speaker" else self._of_text[self._text[row]]
        # Of the speaker and the text, one is the same for all of these; the other must differ.
        differ = (self._speaker[candidates] != self._speaker[row]) | (self._text[candidates] != self._text[row])
        return self._highest(candidates[differ], key)

    def _elsewhere(self, row: int, key: np.uint64) -> int | None:
        """Draw among the clips of other speakers and other texts."""
        if len(self._others):
            drawn = int(self._others[np.argmax(_mixed(self._other_code ^ key))])
            if self._speaker[drawn] != self._speaker[row] and self._text[drawn] != self._text[row]:
                return drawn
        # The highest of all does not fit: draw among those that fit.
        fits = (self._speaker != self._speaker[row]) & (self._text != self._text[row])
        return self._highest(np.flatnonzero(fits), key)

    def _highest(self, candidates: Places, key: np.uint64) -> int | None:
        preferred = candidates[~self._member[candidates]]
        candidates = preferred if len(preferred) else candidates
        return int(candidates[np.argmax(_mixed(self._code[candidates] ^ key))]) if len(candidates) else None


def _codes(values: Sequence[str]) -> Places:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.intp)


def _places(codes: Places) -> list[Places]:
    """Return, for each code, the places where it stands, ascending."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1]) if len(codes) else []


def _mixed(codes: Codes) -> Codes:
    """Mix 64 bits (the finalizer of splitmix64, Steele et al. 2014); products wrap around. `codes` are overwritten."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        codes ^= codes >> np.uint64(shift)
        codes *= np.uint64(factor)
    codes ^= codes >> np.uint64(31)
    return codes
