"""The counts of a corpus, and its notes, as they are written beside the clips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from stages.core.config.nouns import Corpus
from stages.core.results.corpus import CorpusSummary, HalfDrawn
from stages.corpus.sides import ClipFacts, Labels, believed, both_sides, repeated

MOST_REASONS = 20
"""The summary states so many reasons. What has another reason is counted as `OTHER_REASONS`."""
OTHER_REASONS = "other reasons (see quarantine.parquet)"

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_PATH = re.compile(r"\S*[/\\]\S*|\S+\.(?!min_seconds|max_seconds|max_text)[A-Za-z]\w*")


def summarise(
    name: str,
    corpus: Corpus,
    sources: Iterable[str],
    facts: ClipFacts,
    members: Labels,
    drawn: HalfDrawn | None,
    rejected: Iterable[Mapping[str, str]],
    notes: int,
) -> CorpusSummary:
    """Count.

    Parameters
    ----------
    name : str
    corpus : Corpus
    sources : iterable of str
        Names of the layouts that were read.
    facts : ClipFacts
    members : sequence of bool or None
        As listed or drawn.
    drawn : HalfDrawn or None
    rejected : iterable of mapping
        Rows of ``quarantine.parquet``.
    notes : int
        Number of lines about how the corpus was read.
    """
    held = believed(facts, members)
    blank = Counter(member for member, is_blank in zip(held, facts.blank, strict=True) if is_blank)
    sides = Counter(held)
    return CorpusSummary(
        corpus=name,
        member=corpus.member,
        sources=sorted(set(sources)),
        clips=len(facts.clip_ids),
        members=sides[True],
        non_members=sides[False],
        unknown_membership=list(members).count(None),
        hours=round(facts.seconds / 3600, 6),
        speakers=len(set(facts.speakers) - {None}),
        sessions=len(set(facts.sessions) - {None}),
        unknown_speakers=facts.speakers.count(None),
        blank_transcripts=sum(facts.blank),
        blank_members=blank[True],
        blank_non_members=blank[False],
        set_aside=reasons(rejected),
        repeated_sounds=repeated(facts.sounds),
        both_sides=both_sides(facts, members),
        draw=drawn,
        notes=notes,
    )


def reasons(rejected: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Count rows of the quarantine by reason, the most frequent first.

    The summary lies in git, so a reason stands there without what belongs to one clip: what follows a bracket or a
    colon, quoted words, paths and ids.
    """
    counts = Counter(_kind(row) for row in rejected)
    most = counts.most_common(MOST_REASONS)
    rest = sum(counts.values()) - sum(count for _, count in most)
    return dict(most) | ({OTHER_REASONS: rest} if rest else {})


def _kind(row: Mapping[str, str]) -> str:
    kind = re.split(r" \(|: ", row["reason"], maxsplit=1)[0]
    for own in filter(None, (row["clip_id"], row["path"])):
        kind = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", "…", kind)
    return _PATH.sub("…", _QUOTED.sub("…", kind)).strip()
