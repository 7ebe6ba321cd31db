"""Phrases of rows of numbers, counted by hand."""

import numpy as np

from stages.core.inference.phrases import phrases


def test_phrases_by_hand() -> None:
    # a|b|c|d: four symbols that differ. a|aa|aaa|aaaa: equal numbers. a|ab|b: the second phrase is longer.
    rows = [[1.0, 4.0, 2.0, 3.0], [5.0] * 10, [0.0, 0.0, 1.0, 1.0], []]
    offsets = np.cumsum([0, *map(len, rows)])
    assert phrases(np.array([value for row in rows for value in row]), offsets).tolist() == [4.0, 4.0, 3.0, 0.0]


def test_steps_are_those_of_the_rows_own_range() -> None:
    row = np.array([0.0, 0.12, 0.13, 1.0])  # steps of 1/8: 0.12 is in the first, 0.13 in the second, 1.0 in the last
    alone = phrases(row, np.array([0, 4]))
    assert alone.tolist() == [3.0]  # a|ab|h
    assert phrases(100 * row - 7, np.array([0, 4])).tolist() == alone.tolist()
