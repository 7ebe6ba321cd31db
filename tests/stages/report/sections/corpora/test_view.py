"""The recordings as rows of text."""

from stages.core.results.corpus import HalfDrawn
from stages.core.words.figures import MISSING
from stages.report.sections.corpora.view import corpora_view
from tests.summaries import both, summary_of


def test_a_corpus_and_what_its_sides_share() -> None:
    shared = both(sounds=3, clips=7, texts=2, text_clips=5, speakers=30)
    found = summary_of(
        clips=12_345, hours=0.256, unknown_membership=4, blank_transcripts=9, set_aside={"silent": 2}, both_sides=shared
    )
    view = corpora_view([found])
    (row,), (sides,) = view.rows, view.shared
    assert (row.clips, row.hours, row.unlabelled, row.blank) == ("12,345", "0.26", "11", "9")
    assert (sides.membership, sides.sounds, sides.texts, sides.speakers) == ("stated in the list", "3", "2", "30")
    assert view.set_aside == {"mine": {"silent": 2}}


def test_how_members_were_drawn() -> None:
    drawn = HalfDrawn(unit="speaker", seed=7, units=40, member_units=20, alone=0)
    alone = drawn.model_copy(update={"alone": 12})
    view = corpora_view([summary_of(member="random_half", draw=draw) for draw in (drawn, alone)])
    assert [row.membership for row in view.shared] == [
        "drawn by speaker: 20 of 40 units",
        "drawn by speaker: 20 of 40 units, 12 of them single clips without one",
    ]


def test_a_corpus_without_labels_has_no_sides() -> None:
    (row,) = corpora_view([summary_of(member="none", members=0, non_members=0, unknown_membership=300)]).shared
    assert (row.membership, row.sounds, row.texts, row.repeated) == ("not known", MISSING, MISSING, "0")
