"""Rates, intervals, tests and gaps against values derived by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.attribute_leakage.weigh.comparison import by_speaker, comparisons, mcnemar
from stages.attribute_leakage.weigh.gap import gap
from stages.attribute_leakage.weigh.intervals import clustered_wilson
from stages.attribute_leakage.weigh.measures import Answers, calibrated, rates, tendency
from stages.core.inference.statistics import wilson


def answers(outcomes: list[str], labels: list[str], speakers: list[int]) -> Answers:
    return Answers(
        np.array([f"c{at:03d}" for at in range(len(outcomes))]),
        np.array(outcomes, dtype=str),
        np.array(labels, dtype=str),
        np.zeros(len(outcomes), bool),
        np.array(speakers, dtype=np.intp),
    )


def test_rates_of_ten_answers() -> None:
    outcomes = ["correct"] * 4 + ["wrong"] * 2 + ["refused"] * 3 + ["unparsed"]
    found = rates(answers(outcomes, ["a"] * 6 + ["b"] * 4, list(range(10))), 2)
    assert found["outcomes"] == {"correct": 4, "wrong": 2, "refused": 3, "unparsed": 1}
    assert found["iar"]["share"] == 0.4
    assert found["accuracy_given_answered"]["share"] == pytest.approx(4 / 6)
    assert found["coverage"]["share"] == 0.6
    assert found["refusal_rate"]["share"] == 0.3
    assert (found["chance"], found["majority"]) == (0.5, 0.6)
    assert found["balanced_accuracy"] == pytest.approx((4 / 6 + 0) / 2)
    assert found["iar"]["wilson"] == pytest.approx([0.1682, 0.6873], abs=1e-4)


def test_nothing_asked_has_no_shares() -> None:
    found = rates(answers([], [], []), 2)
    assert found["iar"]["share"] is None
    assert found["iar"]["wilson"] == (0.0, 1.0)


def test_refusals_lower_the_iar_and_not_the_accuracy_given_answered() -> None:
    found = rates(answers(["correct"] * 2 + ["refused"] * 8, ["a"] * 10, list(range(10))), 2)
    assert found["iar"]["share"] == 0.2
    assert found["accuracy_given_answered"]["share"] == 1.0


def test_speakers_who_are_told_as_a_whole_count_as_one_clip_each() -> None:
    hit = np.repeat([True, False] * 4, 10)
    speakers = np.repeat(np.arange(8), 10)
    low, high = clustered_wilson(hit, speakers)
    assert low < 0.2
    assert high > 0.8
    assert wilson(40, 80)[0] > 0.39
    # Eight independent observations of which four hit, times G / (G - 1): n = 7, with t(7) = 2.3646 for the normal.
    z2 = 2.3646**2 / 7
    assert low == pytest.approx((0.5 + z2 / 2 - np.sqrt(z2 * 0.25 + z2**2 / 4)) / (1 + z2), abs=1e-3)


def test_where_all_agree_every_speaker_is_one_observation() -> None:
    low, high = clustered_wilson(np.ones(80, bool), np.repeat(np.arange(8), 10))
    assert high == 1.0
    assert low == pytest.approx(8 / (8 + 2.3646**2), abs=1e-3)
    assert clustered_wilson(np.ones(9, bool), np.zeros(9, np.intp)) == (0.0, 1.0)


@given(st.lists(st.booleans(), min_size=2, max_size=40))
def test_the_clustered_interval_holds_the_share_and_is_no_narrower(hits: list[bool]) -> None:
    hit = np.array(hits)
    low, high = clustered_wilson(hit, np.arange(len(hit)) // 2)
    assert 0 <= low <= hit.mean() <= high <= 1
    if 0 < hit.mean() < 1 and len(hit) > 2:
        plain = wilson(int(hit.sum()), len(hit))
        assert high - low >= plain[1] - plain[0] - 1e-9


def test_mcnemar_by_hand() -> None:
    one = np.array([True] * 8 + [False] * 2 + [True] * 5)
    other = np.array([False] * 8 + [True] * 2 + [True] * 5)
    assert mcnemar(one, other) == pytest.approx(2 * (1 + 10 + 45) / 1024)  # binomial(10), 2 or fewer, both tails
    assert mcnemar(one, one) == 1.0


def test_one_speaker_s_clips_make_no_difference_between_conditions() -> None:
    one, other = np.zeros(40, bool), np.zeros(40, bool)
    one[:10] = True
    speakers = np.repeat(np.arange(4), 10)
    assert mcnemar(one, other) < 0.01
    assert by_speaker(one, other, speakers) > 0.3


def test_comparisons_pair_the_same_clips_and_correct_for_their_number() -> None:
    direct = answers(["correct"] * 20, ["a"] * 20, list(range(20)))
    privacy = answers(["refused"] * 12 + ["correct"] * 8, ["a"] * 20, list(range(20)))
    found = comparisons({("x", "direct", "free"): direct, ("x", "privacy", "free"): privacy.rows(np.arange(20)[::-1])})
    assert [(row["outcome"], row["more"], row["less"]) for row in found] == [("correct", 0, 12), ("refused", 12, 0)]
    assert all(row["p"] == pytest.approx(2 / 2**12) and row["holm_p"] == pytest.approx(4 / 2**12) for row in found)


def silent(answer: str | None, outcome: str = "named") -> dict[str, Any]:
    return {"answer": answer, "outcome": outcome, "failure": None}


def test_a_tendency_on_silence_is_worth_chance_on_balanced_labels() -> None:
    rows = [silent("a")] * 6 + [silent("b")] + [silent(None, "refused")]
    found = tendency(rows, ["a", "b"], np.array(["a", "b"] * 10))
    assert (found["label"], found["bbr"]["share"], found["bbr"]["n"]) == ("a", pytest.approx(6 / 7), 7)
    assert found["by_chance"] == pytest.approx(0.5)
    assert found["outcomes"] == {"named": 7, "refused": 1, "unparsed": 0}
    assert tendency([], ["a", "b"], np.array(["a"]))["bbr"]["share"] is None


def test_silence_s_prior_is_taken_off() -> None:
    scores = np.array([[-1.0, -5.0], [-3.0, -4.5]])
    assert calibrated(scores, ["a", "b"], {"a": -2.0, "b": -5.0}, np.array(["a", "b"])) == 1.0
    assert calibrated(scores, ["a", "b"], {"a": 0.0, "b": 0.0}, np.array(["a", "b"])) == 0.5
    assert calibrated(scores, ["a", "b"], {}, np.array(["a", "b"])) is None


def test_the_gap_is_what_the_probe_tells_and_the_answer_does_not() -> None:
    labels, speakers = np.array(["a", "b"] * 30), np.repeat(np.arange(10), 6)
    found = gap(np.ones(60, bool), labels == "a", labels, speakers, 7, "x")
    assert found["gap"] == pytest.approx(0.5)
    assert (found["low"], found["high"]) == (pytest.approx(0.5), pytest.approx(0.5))
    assert found == gap(np.ones(60, bool), labels == "a", labels, speakers, 7, "x")
    assert gap(labels == "a", labels == "a", labels, speakers, 7, "x")["gap"] == 0.0
    none: Any = np.zeros(0, bool)
    assert gap(none, none, labels[:0], speakers[:0], 7)["gap"] is None
