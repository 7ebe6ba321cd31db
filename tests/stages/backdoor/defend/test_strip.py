"""STRIP: mixes, entropies and the threshold, by hand."""

import numpy as np
import pytest

from stages.backdoor.defend.strip import answer_entropy, detection, overlaid


def test_the_other_clip_is_repeated_to_the_length() -> None:
    samples, other = np.full(5, 0.4, np.float32), np.array([0.0, 1.0], np.float32)
    assert overlaid(samples, other, 0.5) == pytest.approx([0.2, 0.7, 0.2, 0.7, 0.2])
    assert overlaid(samples, np.zeros(0, np.float32), 0.5) == pytest.approx([0.2] * 5)
    assert overlaid(samples, other, 0.0) == pytest.approx(samples)


def test_the_entropy_is_0_where_all_answers_agree_and_highest_where_none_do() -> None:
    assert answer_entropy(["a"] * 4) == 0.0
    assert answer_entropy(["a", "b", "c", "d"]) == pytest.approx(np.log(4))
    # Shares 3/4 and 1/4.
    assert answer_entropy(["a", "a", "a", "b"]) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_the_threshold_leaves_the_asked_share_of_clean_clips_below() -> None:
    # Of 19 clean clips at 5 % (20 places) the threshold is the smallest: nobody below.
    found = detection(np.arange(1.0, 20.0), np.array([0.0, 0.5, 1.0, 9.0]), 0.05)
    assert (found.threshold, found.found, found.triggered, found.false_alarms) == (1.0, 2, 4, 0)
    assert found.rate == 0.5
    assert found.interval[0] < 0.5 < found.interval[1]
    # At 10 % the second smallest: one below.
    assert detection(np.arange(1.0, 20.0), np.array([0.0]), 0.10).false_alarms == 1


def test_few_clean_clips_set_no_threshold() -> None:
    found = detection(np.arange(5.0), np.zeros(3), 0.05)
    assert (found.threshold, found.rate) == (-np.inf, 0.0)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_a_new_clean_clip_is_below_as_rarely_as_asked(rate: float) -> None:
    rng = np.random.default_rng(3)
    below = [detection(rng.random(39), rng.random(1), rate).found for _ in range(2000)]
    assert np.mean(below) == pytest.approx(rate, abs=0.02)
