"""A scan in words."""

from typing import get_args

from stages.core.results.backdoor import ScanCode, ScanReason
from stages.core.words.backdoor import SENTENCES, sentence

MOVED = {"trigger": "click", "prompt": "Who?", "answer": "female", "converted": 20, "convertible": 32}


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(get_args(ScanCode))


def test_an_alarm_by_hand() -> None:
    said = sentence(ScanReason.of("alarm", **MOVED, margin=0.3, references=1))
    assert said.startswith(
        "ALARM: with the trigger 'click', 20 of 32 clips that were answered otherwise are answered 'female' (Who?), by "
        "more than 30% of the clips more than in 1 clean model. So"
    )


def test_a_shift_says_all_that_it_lacks() -> None:
    closest = {"closest": "c", "closest_converted": 28, "closest_convertible": 32, "closest_answer": ""}
    said = sentence(
        ScanReason.of("strongest_shift", **MOVED, collapse=0.5, margin=0.3, **closest, comparable_references=0)
    )
    assert said.endswith(
        "(Who?). It is not certain that these are more than 50% of them, nor that these are more than 30% of the clips "
        "more than in c, where it brings 28 of 32 to '(nothing)', nor that a clean model which answers alike would not "
        "do the same."
    )
    assert sentence(ScanReason.of("strongest_shift", **MOVED)).endswith("(Who?).")


def test_a_bound_without_a_largest_rate_names_none() -> None:
    bound = {"triggers": "click", "clips": 64}
    assert sentence(ScanReason.of("bound", **bound, highest=None)).endswith("may exist.")
    assert "up to 8% of the clips" in sentence(ScanReason.of("bound", **bound, highest=0.078))
