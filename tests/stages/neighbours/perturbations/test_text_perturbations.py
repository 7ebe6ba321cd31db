"""What each text perturbation does."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.neighbours.perturbations import delete_words, duplicate_words, lower_case, swap_words

words = st.lists(st.text("abcdé", min_size=1, max_size=3), min_size=2, max_size=12)


def rng(index: int = 0) -> np.random.Generator:
    return np.random.default_rng(index)


@given(words, st.floats(0.01, 0.99), st.integers(0, 20))
def test_deletion_leaves_the_others_in_order(given_words: list[str], share: float, index: int) -> None:
    text, recipe = delete_words.delete_words(" ".join(given_words), rng(index), share=share)
    kept = [word for place, word in enumerate(given_words) if place not in recipe["positions"]]
    assert text.split() == kept
    assert recipe["words"] == [given_words[place] for place in recipe["positions"]]
    expected = min(len(given_words) - 1, max(1, round(share * len(given_words))))
    assert len(recipe["positions"]) == len(set(recipe["positions"])) == expected


@pytest.mark.parametrize("text", ["", " ", "word"])
def test_deletion_needs_two_words(text: str) -> None:
    assert delete_words.delete_words(text, rng(), share=0.5) == (text, {"positions": [], "words": []})


@given(words, st.integers(0, 20))
def test_one_swap_moves_two_words(given_words: list[str], index: int) -> None:
    text, recipe = swap_words.swap_words(" ".join(given_words), rng(index), swaps=1)
    changed = text.split()
    assert Counter(changed) == Counter(given_words)
    moved = [place for place, (old, new) in enumerate(zip(given_words, changed, strict=True)) if old != new]
    assert moved == (sorted(recipe["swaps"][0]) if len(set(given_words)) > 1 else [])


@pytest.mark.parametrize("text", ["", "word", "same same same"])
def test_a_swap_needs_two_different_words(text: str) -> None:
    assert swap_words.swap_words(text, rng(), swaps=2) == (text, {"swaps": []})


def test_swaps_can_be_done_again_by_hand() -> None:
    text, recipe = swap_words.swap_words("a b c d e f", rng(), swaps=3)
    by_hand = ["a", "b", "c", "d", "e", "f"]
    for first, second in recipe["swaps"]:
        by_hand[first], by_hand[second] = by_hand[second], by_hand[first]
    assert text.split() == by_hand
    assert len(recipe["swaps"]) == 3


@given(words, st.floats(0.01, 1.0), st.integers(0, 20))
def test_duplication_says_words_twice_in_place(given_words: list[str], share: float, index: int) -> None:
    text, recipe = duplicate_words.duplicate_words(" ".join(given_words), rng(index), share=share)
    again = iter(text.split())
    for place, word in enumerate(given_words):
        assert next(again) == word
        if place in recipe["positions"]:
            assert next(again) == word
    assert next(again, None) is None
    assert len(recipe["positions"]) == max(1, round(share * len(given_words)))


def test_lower_case() -> None:
    assert lower_case.lower_case("Ann SAID Élan", rng()) == ("ann said élan", {})
