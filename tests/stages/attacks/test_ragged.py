"""Ragged arrays against one row at a time in plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.attacks import ragged
from stages.attacks.ragged import Ragged, count_of, offsets_of
from stages.attacks.rows import Rows, joined

NUMBERS = st.floats(-100, 100)
TABLES = st.lists(st.lists(NUMBERS, max_size=9), min_size=1, max_size=8)


def made(table: list[list[float]]) -> Ragged:
    return Ragged.of(np.array([value for row in table for value in row]), offsets_of(np.array([len(r) for r in table])))


@given(TABLES, st.floats(0, 1))
def test_every_row_is_worked_on_as_if_it_were_alone(table: list[list[float]], share: float) -> None:
    rows = made(table)
    ordered, counts = rows.ordered, count_of(share, rows.lengths)
    lowest, highest = ordered.mean_of_first(counts), ordered.mean_of_last(counts)
    for index, row in enumerate(table):
        if not row:
            assert np.isnan([rows.means()[index], lowest[index], highest[index]]).all()
            assert rows.sums()[index] == 0
            continue
        taken = max(1, int(share * len(row) + 1e-9))
        assert rows.means()[index] == pytest.approx(np.mean(row), abs=1e-9)
        assert lowest[index] == pytest.approx(np.mean(np.sort(row)[:taken]), abs=1e-9)
        assert highest[index] == pytest.approx(np.mean(np.sort(row)[-taken:]), abs=1e-9)


@given(TABLES)
def test_blocks_of_any_size_sort_alike(table: list[list[float]]) -> None:
    whole = made(table).ordered.values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ragged, "_CELLS_AT_ONCE", 5)
        assert made(table).ordered.values.tolist() == whole.tolist()


def test_what_is_not_known_is_left_out() -> None:
    rows = Ragged.of(np.array([1.0, np.nan, 3.0, np.nan, 5.0]), offsets_of(np.array([3, 1, 1])))
    assert rows.lengths.tolist() == [2, 0, 1]
    assert rows.sums().tolist() == [4.0, 0.0, 5.0]


@given(st.integers(1, 500), st.floats(0.01, 1))
def test_a_share_takes_at_least_one_token_and_never_more_than_there_are(tokens: int, share: float) -> None:
    assert 1 <= count_of(share, np.array([tokens]))[0] <= tokens


def test_a_share_that_rounds_in_binary_takes_its_floor() -> None:
    assert count_of(0.1, np.array([30])).tolist() == [3]
    assert count_of(0.29, np.array([100])).tolist() == [29]


def test_rows_are_taken_in_the_order_asked_for_and_empty_where_there_is_none() -> None:
    part = Rows({"logprob": np.array([-1.0, -2.0, -3.0])}, np.array([0, 1, 3]), ["a", "b"], np.array([7, 8, 9]))
    both = joined([part, part]).take(np.array([3, -1, 0]))
    assert both.texts == ["b", "", "a"]
    assert both.statistics["logprob"].tolist() == [-2.0, -3.0, -1.0]
    assert both.lengths.tolist() == [2, 0, 1]
    assert both.token_ids is not None
    assert both.token_ids.tolist() == [8, 9, 7]


def test_a_token_occurs_first_once_in_each_row() -> None:
    rows = Rows({}, np.array([0, 4, 6]), ["", ""], np.array([5, 6, 5, 6, 6, 6]))
    first = rows.first_occurrences()
    assert first is not None
    assert first.tolist() == [True, True, False, False, True, False]
