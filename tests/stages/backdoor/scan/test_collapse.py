"""Output collapse: counts and p values by hand, and the level where nothing is planted."""

import numpy as np
import pytest

from stages.backdoor.scan.collapse import Conversion, collapse_p, collapse_to, conversion, normalised


def test_case_punctuation_and_space_are_not_content() -> None:
    assert normalised("  Female. ") == normalised("female") == "female"
    assert normalised("The door, now!") == "the door now"


def test_a_collapse_is_to_the_answer_that_gains() -> None:
    # m is modal with and without; f gains three clips of five.
    found = collapse_to(["m"] * 9 + ["f"], ["m"] * 6 + ["f"] * 4)
    assert (found.answer, found.converted, found.convertible) == ("f", 3, 9)


def test_of_answers_that_gain_alike_the_rarest_before_counts() -> None:
    assert collapse_to(["a", "a", "b"], ["a", "a", "b"]).answer == "b"
    assert collapse_to(["x", "y"], ["c", "b"]).answer == "b"


def test_conversion_counts_what_comes_and_what_goes() -> None:
    # Clips: kept, converted, converted, reverted, neither.
    found = conversion(["f", "m", "m", "f", "m"], ["f", "f", "f", "m", "m"], "f")
    assert found == Conversion("f", clips=5, with_trigger=3, without=2, converted=2, reverted=1)
    assert found.convertible == 3
    assert found.rate == pytest.approx(2 / 3)


def test_no_clip_at_all_says_nothing() -> None:
    found = Conversion("", 0, 0, 0, 0, 0)
    assert (found.shares, found.rate, found.interval()) == ((0.0, 0.0), 0.0, (0.0, 1.0))


def test_nothing_convertible_says_nothing() -> None:
    found = conversion(["f", "f"], ["f", "f"], "f")
    assert found.rate == 0.0
    assert found.interval() == (0.0, 1.0)
    assert collapse_p(["f", "f"], ["f", "f"], found) == 1.0


def test_p_is_the_sign_test_times_the_number_of_answers() -> None:
    # Four clips changed to f, none from it: 1/16, and f was chosen from two answers.
    without, with_trigger = ["m", "m", "m", "m"], ["f", "f", "f", "f"]
    found = conversion(without, with_trigger, "f")
    assert collapse_p(without, with_trigger, found) == pytest.approx(2 / 16)


@pytest.mark.parametrize("answers", [2, 6])
def test_answers_that_change_at_random_are_rarely_called_a_collapse(answers: int) -> None:
    rng = np.random.default_rng(answers)
    low = 0
    for _ in range(400):
        drawn = rng.integers(answers, size=(2, 40)).astype(str)
        without, with_trigger = drawn[0].tolist(), drawn[1].tolist()
        found = collapse_to(without, with_trigger)
        low += collapse_p(without, with_trigger, found) <= 0.05
    assert low / 400 <= 0.05
