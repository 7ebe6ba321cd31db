"""Membership by column and by a seeded draw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import EarwitnessError
from stages.corpus.membership import parse_member, random_half

ids = st.lists(st.text(max_size=4), unique=True, max_size=60)


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", " True ", "1.0"])
def test_members(value: str) -> None:
    assert parse_member(value, "m.csv, row 2") is True


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "0.0"])
def test_non_members(value: str) -> None:
    assert parse_member(value, "m.csv, row 2") is False


def test_blank_is_unknown_and_anything_else_an_error() -> None:
    assert parse_member("", "m.csv, row 2") is None
    for value in ("maybe", "2", "-1", ".0"):
        if value.removesuffix(".0"):
            with pytest.raises(EarwitnessError, match=r"m\.csv, row 2: column 'member': .* is not valid"):
                parse_member(value, "m.csv, row 2")


@given(ids, st.integers(0, 5))
def test_half_is_half_whatever_the_order(clip_ids: list[str], seed: int) -> None:
    half = random_half(clip_ids, "mine", seed)
    assert len(half) == len(clip_ids) // 2
    assert half <= set(clip_ids)
    assert random_half(clip_ids[::-1], "mine", seed) == half


@given(ids.filter(bool), st.text(max_size=4))
def test_a_clip_more_moves_at_most_one_other(clip_ids: list[str], added: str) -> None:
    before = random_half(clip_ids, "mine", 7)
    after = random_half([*clip_ids, *({added} - set(clip_ids))], "mine", 7)
    assert len((before ^ after) - {added}) <= 1


def test_other_seeds_and_corpora_draw_otherwise_and_evenly() -> None:
    clip_ids = [f"clip{index}" for index in range(1000)]
    halves = [random_half(clip_ids, corpus, seed) for corpus in ("a", "b") for seed in range(5)]
    overlaps = [len(first & second) for place, first in enumerate(halves) for second in halves[:place]]
    # Hypergeometric: mean 250, deviation 7.9; five deviations hold for 45 pairs.
    assert all(abs(overlap - 250) < 40 for overlap in overlaps)
