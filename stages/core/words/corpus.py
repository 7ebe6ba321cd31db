"""The words of a corpus: what was taken, what was set aside, and what its lists do not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stages.core.results.corpus import CorpusSummary

MOST_NOTES = 5
"""So many notes on how a corpus was read are printed; all of them stand in `details.json`."""


def corpus_lines(summary: CorpusSummary) -> list[str]:
    """Return what is noteworthy about a corpus, a line each; no line for a corpus that has nothing to say."""
    return [line for line in (counts_line(summary), *_sides(summary), _drawn_alone(summary)) if line]


def counts_line(summary: CorpusSummary) -> str:
    """Return clips taken, set aside and why, blank transcripts and unknown speakers; blank if nothing is missing."""
    return missing_line(
        summary.clips,
        summary.set_aside,
        blank=summary.blank_transcripts,
        unknown_speakers=summary.unknown_speakers,
        unknown_membership=summary.unknown_membership if summary.labelled else 0,
    )


def missing_line(
    clips: int,
    set_aside: Mapping[str, int],
    *,
    blank: int,
    unknown_speakers: int,
    unknown_membership: int,
) -> str:
    """Return a line on what a corpus lacks; blank if it lacks nothing.

    Parameters
    ----------
    clips : int
        Clips taken.
    set_aside : mapping of str to int
        What gives no clip, by reason.
    blank, unknown_speakers, unknown_membership : int
        Clips with a blank transcript, without a speaker, and without a label.
    """
    parts = []
    if set_aside:
        why = "; ".join(f"{count} {reason}" for reason, count in set_aside.items())
        parts.append(f"{sum(set_aside.values())} set aside ({why})")
    for count, what in (
        (blank, "with a blank transcript"),
        (unknown_speakers, "of unknown speakers"),
        (unknown_membership, "of unknown membership"),
    ):
        if count:
            parts.append(f"{'all' if count == clips else count} {what}")
    return f"{clips} clips; {', '.join(parts)}" if parts else ""


def _sides(summary: CorpusSummary) -> list[str]:
    both, lines = summary.both_sides, []
    if both.sounds:
        lines.append(contradiction_line(both.sounds, both.clips))
    if summary.shares_texts:
        lines.append(f"{both.text_clips} clips have a transcript that is on both sides ({both.texts} transcripts)")
    return lines


def contradiction_line(sounds: int, clips: int) -> str:
    """Return what becomes of so many recordings that members and non-members have in common, in so many clips."""
    return (
        f"{sounds} recordings are on both sides, so membership contradicts itself: their {clips} clips count as of "
        "unknown membership"
    )


def _drawn_alone(summary: CorpusSummary) -> str:
    drawn = summary.draw
    if drawn is None or not drawn.alone:
        return ""
    return f"{drawn.alone} clips have no {drawn.unit}: each was drawn by itself"


def first_notes(notes: Sequence[str]) -> list[str]:
    """Return the first notes on how a corpus was read, and how many more there are."""
    more = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], *([f"and {more} more notes"] if more > 0 else [])]
