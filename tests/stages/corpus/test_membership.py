"""Membership by column, and by a seeded draw of units."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.config.nouns import Unit
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.corpus.membership import UnitKey, parse_member, random_half, units_of

ids = st.lists(st.text(max_size=4), unique=True, max_size=60)
sizes = st.lists(st.integers(1, 9), min_size=1, max_size=20)


def clips(clip_ids: list[str]) -> list[UnitKey]:
    return [UnitKey(clip_id) for clip_id in clip_ids]


def grouped(counts: list[int]) -> list[UnitKey]:
    return [UnitKey(f"s{index}", "speaker") for index, count in enumerate(counts) for _ in range(count)]


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
    half = random_half(clips(clip_ids), "mine", seed)
    assert len(half) == len(clip_ids) // 2
    assert half <= set(clips(clip_ids))
    assert random_half(clips(clip_ids[::-1]), "mine", seed) == half


@given(ids)
def test_single_clips_are_drawn_as_they_always_were(clip_ids: list[str]) -> None:
    lowest = sorted(clip_ids, key=lambda clip_id: (seed_of(7, "random_half", "mine", clip_id), clip_id))
    assert random_half(clips(clip_ids), "mine", 7) == set(clips(lowest[: len(lowest) // 2]))


@given(ids.filter(bool), st.text(max_size=4))
def test_a_clip_more_moves_at_most_one_other(clip_ids: list[str], added: str) -> None:
    before = random_half(clips(clip_ids), "mine", 7)
    after = random_half(clips([*clip_ids, *({added} - set(clip_ids))]), "mine", 7)
    assert len((before ^ after) - {UnitKey(added)}) <= 1


@given(sizes, st.data())
def test_a_clip_more_moves_at_most_one_other_unit(counts: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(counts)))  # a unit that is there, or a new one
    before = random_half(grouped(counts), "mine", 7)
    after = random_half([*grouped(counts), UnitKey(f"s{at}", "speaker")], "mine", 7)
    assert len((before ^ after) - {UnitKey(f"s{at}", "speaker")}) <= 1


@given(sizes, st.integers(0, 9))
def test_sides_differ_by_one_unit_at_most(counts: list[int], seed: int) -> None:
    units = grouped(counts)
    half = random_half(units, "mine", seed)
    members = sum(key in half for key in units)
    assert abs(len(units) - 2 * members) <= max(counts)


def test_units_of_every_size_are_members_as_often_as_not() -> None:
    units = grouped([40, 7, 1, 1, 5, 16, 3, 2])
    drawn = Counter(key for seed in range(2000) for key in random_half(units, "mine", seed))
    # Binomial with 2,000 draws: deviation 22. A tie at the middle goes to the non-members.
    assert all(abs(drawn[key] - 1000) < 110 for key in set(units)), drawn


def test_other_seeds_and_corpora_draw_otherwise_and_evenly() -> None:
    clip_ids = [f"clip{index}" for index in range(1000)]
    halves = [random_half(clips(clip_ids), corpus, seed) for corpus in ("a", "b") for seed in range(5)]
    overlaps = [len(first & second) for place, first in enumerate(halves) for second in halves[:place]]
    # Hypergeometric: mean 250, deviation 7.9; five deviations hold for 45 pairs.
    assert all(abs(overlap - 250) < 40 for overlap in overlaps)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("clip", [UnitKey("b"), UnitKey("a"), UnitKey("c")]),
        ("sound", [UnitKey("a"), UnitKey("a"), UnitKey("c")]),
        ("speaker", [UnitKey("ann", "speaker"), UnitKey("a"), UnitKey("ann", "speaker")]),
    ],
)
def test_the_unit_of_each_clip(unit: Unit, expected: list[UnitKey]) -> None:
    """The first two clips have one sound; the middle one has no speaker."""
    assert units_of(unit, ["b", "a", "c"], [b"x", b"x", b"y"], ["ann", None, "ann"]) == expected
