"""For tests: the summary of a corpus, as the stage `corpus` leaves it."""

from typing import Any

from stages.core.results.corpus import BothSides, CorpusSummary

PLAIN: dict[str, Any] = {
    "corpus": "mine",
    "member": "column",
    "sources": ["manifest"],
    "clips": 300,
    "members": 150,
    "non_members": 150,
    "unknown_membership": 0,
    "hours": 0.2,
    "speakers": 30,
    "sessions": 0,
    "unknown_speakers": 0,
    "blank_transcripts": 0,
    "blank_members": 0,
    "blank_non_members": 0,
    "set_aside": {},
    "repeated_sounds": 0,
    "both_sides": BothSides(sounds=0, clips=0, texts=0, text_clips=0, speakers=0, sessions=0),
    "draw": None,
    "notes": 0,
}


def summary_of(**counts: Any) -> CorpusSummary:
    """Return the summary of a corpus that lacks nothing, with other counts."""
    return CorpusSummary.model_validate(PLAIN | counts)


def both(**counts: int) -> BothSides:
    """Return what both sides have in common."""
    return BothSides(**{**dict.fromkeys(BothSides.model_fields, 0), **counts})
