"""What a corpus consists of, as `summary.json` states it: counts alone, no names, paths or transcripts."""

from __future__ import annotations

from typing import Literal

from stages.core.config.nouns import Unit
from stages.core.results.model import Result

Membership = Literal["column", "folders", "random_half", "none"]
"""Where membership is written: `corpora.X.member`."""

_FEW = 0.01


class BothSides(Result):
    """What members and non-members have in common, by number.

    `sounds` counts distinct sounds (by the hash of the decoded audio) that are listed as members and as non-members,
    and `clips` the clips that have such a sound. Their membership contradicts itself: it becomes unknown. `texts`
    counts distinct transcripts, compared without case, punctuation and spacing, and `text_clips` the clips that have
    such a transcript.
    """

    sounds: int
    clips: int
    texts: int
    text_clips: int
    speakers: int
    sessions: int


class HalfDrawn(Result):
    """How `random_half` was drawn: `units` in a random order, and the first of them up to half of the clips.

    `alone` counts clips that lack what `unit` names, such as a speaker. Each of them is a unit of its own.
    """

    unit: Unit
    seed: int
    units: int
    member_units: int
    alone: int


class CorpusSummary(Result):
    """The counts of a corpus.

    `sources` names the layouts that were read. `members` and `non_members` count the clips that an audit can use;
    `unknown_membership` counts those whose list does not state membership, and `both_sides.clips` those that are left.
    `set_aside` counts what gives no clip, by reason. `speakers` and `sessions` are distinct known ones.
    `repeated_sounds` counts distinct sounds that several clips have. `notes` is the number of lines in `details.json`
    about how the corpus was read.
    """

    corpus: str
    member: Membership
    sources: list[str]
    clips: int
    members: int
    non_members: int
    unknown_membership: int
    hours: float
    speakers: int
    sessions: int
    unknown_speakers: int
    blank_transcripts: int
    blank_members: int
    blank_non_members: int
    set_aside: dict[str, int]
    repeated_sounds: int
    both_sides: BothSides
    draw: HalfDrawn | None
    notes: int

    @property
    def labelled(self) -> int:
        """Number of clips that an audit of membership can use."""
        return self.members + self.non_members

    @property
    def shares_texts(self) -> bool:
        """Whether so many clips have a transcript of both sides that it is said. A few are equal by chance."""
        return self.both_sides.text_clips >= _FEW * self.labelled > 0
