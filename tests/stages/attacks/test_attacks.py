"""Row attacks against values derived by hand, and a contract over their registry."""

import zlib
from collections.abc import Callable
from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from stages.attacks import ROW_ATTACKS, AttackSettings, score
from stages.attacks.registry import score_rows
from stages.attacks.rows import Rows, joined

Statistics = Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]]
LOGPROB = np.array([-1.0, -4.0, -2.0, -3.0])
DEFAULTS = {"loss", "zlib", "min_k@20", "max_k@20", "min_k_pp@20", "max_prob_gap", "max_renyi_0.5@10", "min_renyi_2@50"}


def test_scores_by_hand(statistics: Statistics) -> None:
    found = score(statistics(LOGPROB), "abc", settings=AttackSettings(shares=(0.2, 0.5), orders=(0.5, inf)))
    assert found["loss"] == pytest.approx(-2.5)
    assert found["zlib"] == pytest.approx(-2.5 / len(zlib.compress(b"abc")))
    assert found["min_k@20"] == pytest.approx(-4.0)  # floor(0.8) is 0: one token is taken
    assert found["min_k@50"] == pytest.approx(-3.5)
    assert found["max_k@20"] == pytest.approx(-1.0)
    assert found["max_k@50"] == pytest.approx(-1.5)
    assert found["min_k_pp@50"] == pytest.approx(((-4 + 2) / 2 + (-3 + 2) / 2) / 2)
    assert found["max_prob_gap"] == pytest.approx(3.0)
    assert found["max_renyi_0.5@0"] == pytest.approx(-2.0)
    assert found["max_renyi_0.5@50"] == pytest.approx(-1.75)
    assert found["min_renyi_inf@50"] == pytest.approx(-0.75)
    assert (found["modified_entropy"], found["modified_renyi_0.5"], found["modified_renyi_2"]) == (-0.25, -0.5, -0.75)


def test_the_signals_of_camia_by_hand(statistics: Statistics) -> None:
    found = score(statistics(LOGPROB), "abc", np.array([5, 6, 5, 7]))
    assert found["camia_cut_off"] == pytest.approx(-2.5)  # fewer than ten tokens: all
    assert found["camia_diversity"] == pytest.approx(-2.5 / 0.75)
    # Losses 1, 4, 2, 3 over 0 to 3: covariance sum 2, variance sum 5, rising by 0.4 a token.
    assert found["camia_slope"] == pytest.approx(-0.4)
    assert [found[f"camia_below_{level}"] for level in (1, 2, 3)] == [0.25, 0.5, 0.75]
    assert found["camia_below_mean"] == 0.5
    # Means before: 1, 2.5, 7/3; only the 2 lies below.
    assert found["camia_below_running_mean"] == pytest.approx(1 / 3)
    assert found["camia_lempel_ziv"] == -1.0  # four symbols that differ are four phrases
    # No two losses are within 0.8: each pattern is like itself alone, 1 of 3 pairs and 1 of 2 triples.
    assert found["camia_approximate_entropy"] == pytest.approx(-(log(1 / 3) - log(1 / 2)))


def test_the_least_probable_tokens_of_confident_predictions(statistics: Statistics) -> None:
    told = statistics(LOGPROB) | {"renyi_1": np.array([0.1, 2.5, 0.1, 1.9])}
    found = score(told, "abc", settings=AttackSettings(shares=(0.25, 0.5, 1.0)))
    assert found["surp@25"] == 0.0  # the least probable token alone, whose prediction is not confident
    assert found["surp@50"] == -3.0
    assert found["surp@100"] == pytest.approx(-2.0)
    unknown = score(told | {"renyi_1": np.full(4, np.nan)}, "abc")
    assert np.isnan(unknown["surp@20"])


def test_a_regular_row_has_few_phrases_and_no_entropy(statistics: Statistics) -> None:
    found = score(statistics(np.full(10, -1.0)), "abc")
    assert found["camia_lempel_ziv"] == -0.4  # a, aa, aaa, aaaa
    assert found["camia_approximate_entropy"] == 0.0
    assert "camia_diversity" not in found  # without token ids


def test_default_names_are_those_of_the_field(statistics: Statistics) -> None:
    names = set(score(statistics(LOGPROB), "abc"))
    assert names >= DEFAULTS | {"modified_entropy", "modified_renyi_0.5", "modified_renyi_2"}


@pytest.mark.parametrize("name", list(ROW_ATTACKS))
@pytest.mark.parametrize("text", ["", "ä"])
def test_one_token_has_finite_scores(name: str, text: str, statistics: Statistics) -> None:
    found = ROW_ATTACKS[name].apply(Rows.of_one(statistics(LOGPROB[:1]), text, np.array([3])), AttackSettings())
    assert found
    assert all(np.isfinite(column).all() for column in found.values())


def test_no_tokens_have_no_score(statistics: Statistics) -> None:
    found = score(statistics(LOGPROB[:0]), "abc")
    assert found.keys() == score(statistics(LOGPROB), "abc").keys()
    assert all(np.isnan(value) for value in found.values())


def test_what_a_target_cannot_tell_leaves_out_only_what_needs_it(statistics: Statistics) -> None:
    whole = statistics(LOGPROB)
    found = score({"logprob": whole["logprob"], "renyi_1": whole["renyi_1"]}, "abc")
    assert {"loss", "min_k@20", "max_renyi_1@10", "camia_slope"} <= found.keys()
    assert not {"min_k_pp@20", "max_prob_gap", "max_renyi_0.5@10", "modified_entropy"} & found.keys()
    assert found["loss"] == -2.5
    assert score({}, "abc") == {}


def test_tokens_that_are_not_known_do_not_count(statistics: Statistics) -> None:
    holes = statistics(np.array([-1.0, np.nan, -2.0])) | {"gap": np.full(3, np.nan)}
    found = score(holes, "abc", np.array([1, 2, 3]))
    assert found["loss"] == -1.5
    assert found["min_k@10"] == -2.0
    assert np.isnan(found["max_prob_gap"])
    assert np.isfinite([value for name, value in found.items() if name != "max_prob_gap"]).all()


def test_impossible_tokens_and_certain_ones_have_finite_scores(statistics: Statistics) -> None:
    extreme = statistics(np.array([-inf, 0.0])) | {"gap": np.array([inf, inf]), "var_logprob": np.zeros(2)}
    assert all(np.isfinite(value) for value in score(extreme, "abc", np.array([1, 1])).values())


def test_float32_is_computed_with_in_float64() -> None:
    narrow = {"logprob": np.full(1000, -0.1, np.float32)}
    assert score(narrow, "abc")["loss"] == pytest.approx(float(np.float32(-0.1)), abs=1e-12)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one dimension and length"):
        score({"logprob": np.zeros(3), "gap": np.zeros(2)}, "abc")
    with pytest.raises(ValueError, match="one dimension and length"):
        score({"logprob": np.zeros(3)}, "abc", np.zeros(2, np.int64))


@given(st.lists(arrays(np.float64, st.integers(0, 12), elements=st.floats(-30, 0)), min_size=1, max_size=6))
def test_many_rows_at_once_score_as_each_alone(rows: list[NDArray[np.float64]]) -> None:
    from tests.stages.attacks.conftest import statistics_of

    ids = [np.arange(len(row)) % 3 for row in rows]
    parts = [Rows.of_one(statistics_of(row), "abc", own) for row, own in zip(rows, ids, strict=True)]
    together = score_rows(joined(parts), AttackSettings())
    for index, (row, own) in enumerate(zip(rows, ids, strict=True)):
        alone = score(statistics_of(row), "abc", own)
        assert alone.keys() == together.keys()
        for name, value in alone.items():
            assert together[name][index] == pytest.approx(value, abs=1e-9, nan_ok=True)


@given(st.lists(st.floats(-20, -0.01), min_size=1, max_size=20), st.floats(0.01, 5))
def test_more_probable_tokens_score_higher(logprob: list[float], gain: float) -> None:
    lower, higher = (
        score({**dict.fromkeys(("mean_logprob", "var_logprob"), np.ones(len(logprob))), "logprob": row}, "text")
        for row in (np.array(logprob) - gain, np.array(logprob))
    )
    for name in ("loss", "zlib", "min_k@20", "max_k@20", "min_k_pp@20", "camia_cut_off"):
        assert higher[name] > lower[name]
    for name in ("camia_below_1", "camia_below_2", "camia_below_3"):
        assert higher[name] >= lower[name]


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_tokens_matters_only_to_camia(logprob: list[float], random: object) -> None:
    shuffled = list(logprob)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (score({"logprob": np.array(row)}, "text") for row in (logprob, shuffled))
    for name in first:
        if not name.startswith("camia"):
            assert first[name] == pytest.approx(second[name], abs=1e-9)
