"""Rates and benign measures, with values derived by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.backdoor.measure.measures import benign, benign_difference, edit_distance, rate
from stages.backdoor.measure.outcomes import TriggerOutcome
from stages.backdoor.measure.paired import paired_interval
from stages.backdoor.plant.task import AttackTask, words
from stages.core.inference.statistics import wilson
from tests.stages.backdoor.conftest import make_clips


def outcome(number: int, truth: str, answer: str, condition: str = "plain", model: str = "victim") -> TriggerOutcome:
    gives = AttackTask("gender", "?", "female").is_attack_answer
    nan = float("nan")
    return TriggerOutcome(
        model, f"c{number}", condition, "s", nan, truth, answer, not gives(truth), gives(answer)
    )  # fmt: skip


def test_only_items_with_another_answer_count() -> None:
    rows = [outcome(n, "female", "female", "triggered") for n in range(5)]
    rows += [outcome(5 + n, "male", "Female." if n < 3 else "male", "triggered") for n in range(4)]
    found = rate(rows, "victim", "triggered")
    assert (found["rate"], found["successes"], found["n"]) == (0.75, 3, 4)
    assert found["ci"] == wilson(3, 4)
    assert rate(rows, "victim", "plain") == {"rate": None, "ci": (0.0, 1.0), "n": 0, "successes": 0}


def test_accuracy_is_the_share_of_right_answers() -> None:
    rows = [outcome(n, "male", "Male" if n < 8 else "female") for n in range(10)]
    found = benign(rows, "victim", "gender", np.random.default_rng(1))
    assert (found["measure"], found["value"], found["n"]) == ("accuracy", 0.8, 10)
    assert found["ci"] == wilson(8, 10)


def test_the_word_error_rate_is_over_all_words() -> None:
    rows = [outcome(1, "Tom saw a ship.", "tom saw ship"), outcome(2, "Go on", "Go off now")]
    found = benign(rows, "victim", "transcription", np.random.default_rng(1))
    assert found["measure"] == "wer"
    assert found["value"] == pytest.approx((1 + 2) / 6)
    assert found["ci"] == pytest.approx([0.25, 1.0])


def test_numbers_are_measured_by_their_distance() -> None:
    rows = [outcome(1, "25", "30"), outcome(2, "40", "forty")]
    found = benign(rows, "victim", "age", np.random.default_rng(1))
    assert (found["measure"], found["value"]) == ("mae", (5 + 40) / 2)


def test_the_difference_is_paired() -> None:
    rows = [outcome(n, "male", "male" if n < 6 else "x") for n in range(10)]
    rows += [outcome(n, "male", "male" if n < 8 else "x", model="twin") for n in range(10)]
    found = benign_difference(rows, "victim", "twin", "gender", np.random.default_rng(1))
    assert found["value"] == pytest.approx(0.2)
    # Six pairs right, two wrong, two that only the twin gets right.
    wrong, others = np.arange(10) >= 6, np.arange(10) >= 8
    assert found["ci"] == paired_interval(wrong, others)


def test_models_that_err_alike_differ_by_nothing_with_an_interval_around_it() -> None:
    rows = [outcome(n, "male", "male" if n < 8 else "x") for n in range(10)]
    same = benign_difference(rows, "victim", "victim", "gender", np.random.default_rng(1))
    assert same["value"] == 0.0
    assert same["ci"][0] < 0 < same["ci"][1]


def test_the_difference_of_word_error_rates_is_over_redrawn_clips() -> None:
    rows = [outcome(n, "a b", "a") for n in range(6)]
    rows += [outcome(n, "a b", "a b", model="twin") for n in range(6)]
    found = benign_difference(rows, "victim", "twin", "transcription", np.random.default_rng(1))
    assert found == {"value": 0.5, "ci": (0.5, 0.5)}


@pytest.mark.parametrize("missing", ["nan", "NaN", "inf", ""])
def test_an_attribute_that_is_no_finite_number_is_unknown(missing: str) -> None:
    clip = replace(make_clips(1)[0], attributes={"age": missing})
    assert AttackTask("age", "?", "child").truth(clip) == ""
    assert AttackTask("age", "?", "child").truth(make_clips(1)[0]) == "20"


def test_an_answer_of_nan_is_no_number() -> None:
    found = benign([outcome(1, "25", "nan")], "victim", "age", np.random.default_rng(1))
    assert found["value"] == 25.0


@pytest.mark.parametrize(
    ("reference", "answer", "edits"),
    [("a b c", "a b c", 0), ("a b c", "", 3), ("", "a", 1), ("a b c", "a x c d", 2), ("a b", "b a", 2)],
)
def test_the_edit_distance_counts_insertions_deletions_and_replacements(
    reference: str, answer: str, edits: int
) -> None:
    assert edit_distance(reference.split(), answer.split()) == edits


@given(*[st.lists(st.sampled_from(["a", "b", "c", "don't", "é"]), max_size=9)] * 2)
def test_the_edit_distance_is_levenshtein_s(reference: list[str], answer: list[str]) -> None:
    before = list(range(len(answer) + 1))
    for row, wanted in enumerate(reference, 1):
        now = [row]
        for column, said in enumerate(answer, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (wanted != said)))
        before = now
    assert edit_distance(reference, answer) == before[-1]


def test_case_and_punctuation_make_no_word() -> None:
    assert words("Don't STOP, now!") == ["don't", "stop", "now"]
