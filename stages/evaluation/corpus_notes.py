"""What a corpus's lists say, or leave out, that limits the evidence of its audits."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.results.corpus import CorpusSummary
from stages.core.results.membership import MembershipReason


def corpus_notes(corpus: CorpusSummary) -> list[MembershipReason]:
    """Return notes on recordings and texts on both sides, and on blank transcripts."""
    both, notes = corpus.both_sides, []
    if both.sounds:
        notes.append(MembershipReason.of("sounds_on_both_sides", sounds=both.sounds, clips=both.clips))
    if corpus.shares_texts:
        notes.append(MembershipReason.of("texts_on_both_sides", clips=both.text_clips, texts=both.texts))
    if blank := corpus.blank_members + corpus.blank_non_members:
        notes.append(
            MembershipReason.of(
                "transcripts_blank",
                clips=blank,
                all=corpus.labelled,
                percent=100 * blank / corpus.labelled,
                members=corpus.blank_members,
                non_members=corpus.blank_non_members,
            )
        )
    return notes


def unlabelled_notes(notes: Sequence[MembershipReason], corpus: CorpusSummary) -> list[MembershipReason]:
    """Return an audit's notes, where clips of unknown membership are those whose list does not state it.

    Clips whose membership contradicts itself have no label either. `corpus_notes` counts them.
    """
    kept = [note for note in notes if note.code != "labels_unknown"]
    if corpus.unknown_membership:
        kept.insert(0, MembershipReason.of("labels_unknown", clips=corpus.unknown_membership))
    return kept
