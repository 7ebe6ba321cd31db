"""Textual features against values derived by hand."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.features.family import Clip
from stages.features.textual import BUCKETS, COLUMNS, measure


def textual(text: str) -> dict[str, float]:
    return measure(Clip(np.empty(0, np.float32), text, {}))


def test_a_sentence_by_hand() -> None:
    text = "In 1984, Ann said: AH! ah"
    values = textual(text)
    assert (values["characters"], values["words"]) == (25, 6)
    assert values["word_length"] == pytest.approx(20 / 6)  # In 1984, Ann said: AH! ah
    assert values["title_share"] == pytest.approx(2 / 6)
    assert values["type_token_ratio"] == 1.0  # 'AH!' and 'ah' differ by their mark
    assert values["upper_share"] == pytest.approx(4 / 25)
    assert values["digit_share"] == pytest.approx(4 / 25)
    assert values["punctuation_share"] == pytest.approx(3 / 25)
    assert values["space_share"] == pytest.approx(5 / 25)
    assert values["years"] == 1
    assert values["commas"] == 1
    assert values["compressed"] == len(zlib.compress(text.encode(), 9)) / 25


def test_lexical_diversity_and_repetition() -> None:
    values = textual("the The cat aa")
    assert values["type_token_ratio"] == 0.75
    assert values["repeated_characters"] == pytest.approx(1 / 14)
    assert textual("aaaa")["entropy"] == 0.0
    assert textual("abab")["entropy"] == pytest.approx(1.0)


def test_other_scripts_have_their_marks() -> None:
    values = textual("你好，世界。")  # noqa: RUF001
    assert (values["commas"], values["stops"], values["words"]) == (1, 1, 1)
    assert values["ascii_share"] == 0.0
    assert textual("ماذا؟")["questions"] == 1


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_transcript_is_only_blank(text: str) -> None:
    assert textual(text) == dict.fromkeys(COLUMNS, 0.0) | {"blank": 1.0}


@given(st.text(min_size=1, max_size=40).filter(str.strip).map(lambda text: text.encode("utf-8", "ignore").decode()))
def test_shares_are_shares(text: str) -> None:
    values = textual(text)
    if not text.strip():
        return
    assert sum(values[f"trigram{bucket}"] for bucket in range(BUCKETS)) == pytest.approx(1.0)
    assert all(0 <= values[name] <= 1 for name in values if name.endswith("_share"))
    assert textual(f"  {text}\n") == values


def test_capitals_do_not_move_trigrams() -> None:
    lower, upper = textual("some words"), textual("SOME WORDS")
    assert all(lower[f"trigram{bucket}"] == upper[f"trigram{bucket}"] for bucket in range(BUCKETS))
    assert lower["upper_share"] < upper["upper_share"]
