"""The view of the audited corpora, as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.core.results.corpus import CorpusSummary, HalfDrawn
from stages.core.words.figures import MISSING

_LISTED = {"column": "stated in the list", "folders": "stated by two folders"}


@dataclass(frozen=True)
class CorpusRow:
    """What a corpus consists of, as text."""

    name: str
    source: str
    clips: str
    members: str
    non_members: str
    unlabelled: str
    hours: str
    speakers: str
    sessions: str
    no_speaker: str
    blank: str


@dataclass(frozen=True)
class SharedRow:
    """What the two sides of a corpus have in common, as text."""

    name: str
    membership: str
    sounds: str
    texts: str
    speakers: str
    sessions: str
    repeated: str


@dataclass(frozen=True)
class CorporaView:
    """The corpora in the order in which audits name them; `set_aside` by corpus and reason."""

    rows: Sequence[CorpusRow]
    shared: Sequence[SharedRow]
    set_aside: Mapping[str, Mapping[str, int]]


def corpora_view(summaries: Sequence[CorpusSummary]) -> CorporaView:
    """Return the view of corpora."""
    return CorporaView(
        [_corpus_row(summary) for summary in summaries],
        [_shared_row(summary) for summary in summaries],
        {summary.corpus: summary.set_aside for summary in summaries if summary.set_aside},
    )


def _corpus_row(found: CorpusSummary) -> CorpusRow:
    contradicting = found.both_sides.clips
    return CorpusRow(
        name=found.corpus,
        source=" and ".join(found.sources),
        clips=_count(found.clips),
        members=_count(found.members),
        non_members=_count(found.non_members),
        unlabelled=_count(found.unknown_membership + contradicting),
        hours=f"{found.hours:.2f}",
        speakers=_count(found.speakers),
        sessions=_count(found.sessions),
        no_speaker=_count(found.unknown_speakers),
        blank=_count(found.blank_transcripts),
    )


def _shared_row(found: CorpusSummary) -> SharedRow:
    both = found.both_sides
    if not found.labelled + both.clips:
        repeated = _count(found.repeated_sounds)
        return SharedRow(found.corpus, "not known", MISSING, MISSING, MISSING, MISSING, repeated)
    return SharedRow(
        name=found.corpus,
        membership=_LISTED[found.member] if found.draw is None else _drawn(found.draw),
        sounds=_count(both.sounds),
        texts=_count(both.texts),
        speakers=_count(both.speakers),
        sessions=_count(both.sessions),
        repeated=_count(found.repeated_sounds),
    )


def _drawn(drawn: HalfDrawn) -> str:
    alone = f", {_count(drawn.alone)} of them single clips without one" if drawn.alone else ""
    return f"drawn by {drawn.unit}: {_count(drawn.member_units)} of {_count(drawn.units)} units{alone}"


def _count(number: int) -> str:
    return f"{number:,}"
