"""Clips without scores: an audit with none ends in one line; otherwise each role and reason has a note."""

import pytest

from stages.core.errors import EarwitnessError
from stages.evaluation.unscored import require_scores, unscored_notes

LOSS, OWN = "loss/transcript/given/0", "loss/transcript/generated/0"
UNSCORED = {
    "target": {"transcript/given/0": {"is ill": 3}, "transcript/generated/0": {"is ill": 5, "is off": 1}},
    "reference": {"transcript/given/0": {"is off": 2}, "audio/given/0": {"is off": 9}},
}


def test_an_audit_without_scores_gives_the_most_frequent_reason() -> None:
    with pytest.raises(EarwitnessError, match=r"audits\.mine: none of 5 clips was scored: the target is ill"):
        require_scores("mine", ["fidelity_detector"], UNSCORED, 5)


def test_an_audit_with_scores_goes_on() -> None:
    require_scores("mine", [LOSS], UNSCORED, 5)
    require_scores("mine", [], {"reference": UNSCORED["reference"]}, 5)


def test_each_role_and_reason_has_a_note_with_the_most_clips_of_a_primary_view() -> None:
    noted = [tuple(note.figures.values()) for note in unscored_notes([LOSS, OWN], UNSCORED, 8)]
    assert noted == [(5, 8, "target", "is ill"), (1, 8, "target", "is off"), (2, 8, "reference", "is off")]
    noted = [tuple(note.figures.values()) for note in unscored_notes([LOSS], UNSCORED, 8)]
    assert noted == [(3, 8, "target", "is ill"), (2, 8, "reference", "is off")]
    assert unscored_notes([LOSS], {}, 8) == []
