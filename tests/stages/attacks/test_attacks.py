"""Every attack against values derived by hand, and a contract over the registries."""

import zlib
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.attacks import NEIGHBOUR_ATTACKS, REFERENCE_ATTACKS, ROW_ATTACKS, Scored, Settings, score
from stages.attacks.registry import count_of

LOGPROB = np.array([-1.0, -4.0, -2.0, -3.0])


def statistics(logprob: np.ndarray = LOGPROB) -> dict[str, np.ndarray]:
    tokens = len(logprob)
    entropy = np.linspace(0.5, 2.0, tokens)
    return {
        "logprob": logprob,
        "rank": np.ones(tokens),
        "mean_logprob": np.full(tokens, -2.0),
        "var_logprob": np.full(tokens, 4.0),
        **{f"renyi_{order}": entropy for order in ("0.5", "1", "2", "inf")},
        "modified_entropy": np.full(tokens, 0.25),
        "modified_renyi_0.5": np.full(tokens, 0.5),
        "modified_renyi_2": np.full(tokens, 0.75),
        "gap": np.array([1.0, 2.0, 3.0, 6.0][:tokens]),
        "hit": np.ones(tokens),
    }


def test_scores_by_hand() -> None:
    found = score(statistics(), "abc", settings=Settings(shares=(0.2, 0.5), orders=(0.5, inf)))
    assert found["loss"] == pytest.approx(-2.5)
    assert found["zlib"] == pytest.approx(-2.5 / len(zlib.compress(b"abc")))
    assert found["min_k@20"] == pytest.approx(-4.0)  # floor(0.8) is 0: one token is taken
    assert found["min_k@50"] == pytest.approx(-3.5)
    assert found["min_k_pp@50"] == pytest.approx(((-4 + 2) / 2 + (-3 + 2) / 2) / 2)
    assert found["max_prob_gap"] == pytest.approx(3.0)
    assert found["max_renyi_0.5@0"] == pytest.approx(-2.0)
    assert found["max_renyi_0.5@50"] == pytest.approx(-1.75)
    assert found["min_renyi_inf@50"] == pytest.approx(-0.75)
    assert (found["modified_entropy"], found["modified_renyi_0.5"], found["modified_renyi_2"]) == (-0.25, -0.5, -0.75)


def test_neighbour_and_reference_attacks_by_hand() -> None:
    row, other = Scored(statistics(), "a"), Scored(statistics(LOGPROB - 1), "a")
    assert NEIGHBOUR_ATTACKS["neighbourhood"](row, [other, row]) == {"neighbourhood": pytest.approx(0.5)}
    assert np.isnan(NEIGHBOUR_ATTACKS["neighbourhood"](row, [])["neighbourhood"])
    assert REFERENCE_ATTACKS["ratio"](row, other) == {"ratio": pytest.approx(1.0)}


def test_default_names_are_those_of_the_field() -> None:
    names = set(score(statistics(), "abc"))
    assert {"loss", "zlib", "min_k@20", "min_k_pp@20", "max_prob_gap", "max_renyi_0.5@10"} <= names
    assert {"modified_entropy", "modified_renyi_0.5", "modified_renyi_2"} <= names


@pytest.mark.parametrize("name", list(ROW_ATTACKS))
def test_one_token_and_an_empty_text_have_finite_scores(name: str) -> None:
    found = ROW_ATTACKS[name](Scored(statistics(LOGPROB[:1]), ""), Settings())
    assert found
    assert all(np.isfinite(value) for value in found.values())


def test_no_tokens_have_no_score() -> None:
    found = score(statistics(LOGPROB[:0]), "abc")
    assert found.keys() == score(statistics(), "abc").keys()
    assert all(np.isnan(value) for value in found.values())


@given(st.integers(1, 500), st.floats(0.01, 1))
def test_a_share_takes_at_least_one_token_and_never_more_than_there_are(tokens: int, share: float) -> None:
    assert 1 <= count_of(share, tokens) <= tokens


def test_a_share_that_rounds_in_binary_takes_its_floor() -> None:
    assert count_of(0.1, 30) == 3
    assert count_of(0.29, 100) == 29


@given(st.lists(st.floats(-20, -0.01), min_size=1, max_size=20), st.floats(0.01, 5))
def test_more_probable_tokens_score_higher(logprob: list[float], gain: float) -> None:
    lower, higher = (score(statistics_of(np.array(logprob) + shift), "text") for shift in (-gain, 0.0))
    for name in ("loss", "zlib", "min_k@20", "min_k_pp@20"):
        assert higher[name] > lower[name]


def statistics_of(logprob: np.ndarray) -> dict[str, np.ndarray]:
    return {**dict.fromkeys(statistics(), np.ones(len(logprob))), "logprob": logprob}
