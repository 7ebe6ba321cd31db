"""The counts of a corpus, and its notes, as they are written beside the clips."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from stages.core.config.nouns import Corpus
from stages.core.results.corpus import BothSides, CorpusSummary, HalfDrawn
from stages.core.sound.recordings import Recording
from stages.core.words.corpus import contradiction_line, first_notes, missing_line
from stages.corpus.entries import Entry
from stages.corpus.listing import Listing
from stages.corpus.sides import ClipFacts, Labels, believed, both_sides, refuse_contradiction, repeated

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


def listing_lines(entries: Sequence[Entry], listing: Listing) -> list[str]:
    """Return what is noteworthy about a list before anything is decoded.

    Parameters
    ----------
    entries : sequence of Entry
        Those that are looked at.
    listing : Listing
        Where they come from: what it set aside, and its notes.
    """
    unlabelled = sum(entry.member is None for entry in entries)
    line = missing_line(
        len(entries),
        reasons(asdict(row) for row in listing.set_aside),
        blank=sum(not entry.text.strip() for entry in entries),
        unknown_speakers=sum(entry.speaker is None for entry in entries),
        unknown_membership=unlabelled if unlabelled < len(entries) else 0,
    )
    found = listed_on_both(entries)
    contradiction = contradiction_line(len(found), sum(map(len, found))) if found else ""
    return [said for said in (line, contradiction, *first_notes(listing.notes)) if said]


def check_sides(name: str, corpus: Corpus, entries: Sequence[Entry]) -> None:
    """Refuse a list that mostly names the same recordings on both sides, before anything is decoded.

    Raises
    ------
    EarwitnessError
        As `refuse_contradiction` does.
    """
    if found := listed_on_both(entries):
        clips, labelled = sum(map(len, found)), sum(entry.member is not None for entry in entries)
        both = BothSides(sounds=len(found), clips=clips, texts=0, text_clips=0, speakers=0, sessions=0)
        refuse_contradiction(name, corpus, both, labelled, found[0])


def listed_on_both(entries: Iterable[Entry]) -> list[list[str]]:
    """Return, for each recording that is listed as member and as non-member, the ids of its clips."""
    listed: dict[Recording, dict[str, bool]] = defaultdict(dict)
    for entry in entries:
        if entry.member is not None:
            listed[entry.recording][entry.clip_id] = entry.member
    return [list(clips) for clips in listed.values() if len(set(clips.values())) == 2]


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
