"""What a corpus's lists leave out becomes a reason of the verdict."""

from stages.core.results.membership import MembershipReason
from stages.core.words.membership import sentences
from stages.evaluation.corpus_notes import corpus_notes, unlabelled_notes
from tests.summaries import both, summary_of


def test_a_corpus_that_lacks_nothing_adds_no_reason() -> None:
    assert corpus_notes(summary_of()) == []


def test_blank_transcripts_and_what_is_on_both_sides() -> None:
    found = summary_of(
        blank_members=10, blank_non_members=80, both_sides=both(sounds=2, clips=5, texts=4, text_clips=30)
    )
    assert sentences(corpus_notes(found)) == [
        "2 recordings are on both sides, so membership contradicts itself: their 5 clips were left out",
        "30 clips have a transcript that is on both sides (4 transcripts): what the target remembers of such a text "
        "helps it on both, so memory of texts is underestimated",
        "90 of 300 labelled clips (30 %) have a blank transcript (10 members, 80 non-members): their scores rest on "
        "the token that ends the answer alone, and show nothing of what is said in them",
    ]


def test_clips_that_contradict_themselves_are_not_counted_as_unlabelled() -> None:
    assumed = MembershipReason.of("speakers_assumed", assumed="each clip its own")
    notes = [MembershipReason.of("labels_unknown", clips=14), assumed]
    assert unlabelled_notes(notes, summary_of(both_sides=both(sounds=7, clips=14))) == [assumed]
    listed = unlabelled_notes(notes, summary_of(unknown_membership=4, both_sides=both(sounds=5, clips=10)))
    assert listed == [MembershipReason.of("labels_unknown", clips=4), assumed]
