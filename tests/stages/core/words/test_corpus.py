"""What is said of a corpus: nothing where nothing is missing."""

from stages.core.results.corpus import HalfDrawn
from stages.core.words.corpus import corpus_lines
from tests.summaries import both, summary_of


def test_a_corpus_that_lacks_nothing_is_silent() -> None:
    shared = both(texts=1, text_clips=2, speakers=30)
    assert corpus_lines(summary_of(both_sides=shared)) == []  # two texts of 300 are equal by chance
    assert corpus_lines(summary_of(member="none", members=0, non_members=0, unknown_membership=300)) == []


def test_what_is_missing_is_one_line() -> None:
    found = summary_of(
        set_aside={"silent": 2, "no samples": 1}, blank_transcripts=300, unknown_speakers=7, unknown_membership=9
    )
    assert corpus_lines(found) == [
        "300 clips; 3 set aside (2 silent; 1 no samples), all with a blank transcript, 7 of unknown speakers, "
        "9 of unknown membership"
    ]


def test_what_both_sides_share_and_what_was_drawn_alone() -> None:
    drawn = HalfDrawn(unit="speaker", seed=7, units=40, member_units=20, alone=12)
    found = summary_of(both_sides=both(sounds=12, clips=24, texts=3, text_clips=90), draw=drawn)
    assert corpus_lines(found) == [
        "12 recordings are on both sides, so membership contradicts itself: their 24 clips count as of unknown "
        "membership",
        "90 clips have a transcript that is on both sides (3 transcripts)",
        "12 clips have no speaker: each was drawn by itself",
    ]
