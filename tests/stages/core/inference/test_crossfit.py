"""Cross-fitting by hand, and in every degenerate case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.inference.crossfit import NO_FOLD, PredictRows, Split, cross_fitted, splits
from stages.core.inference.statistics import Bools, Floats

VALUES = np.array([1.0, 3.0, 8.0, 0.0])


def mean_of(values: Floats, split: Split) -> PredictRows:
    return lambda rows: np.full(int(rows.sum()), values[split.train].mean())


def test_each_fold_is_scored_by_the_others_and_the_rest_by_all() -> None:
    found = cross_fitted(lambda split: mean_of(VALUES, split), np.array([0, 0, 1, NO_FOLD]))
    assert found.tolist() == [8.0, 8.0, 2.0, 5.0]


def test_a_prediction_may_have_several_numbers() -> None:
    def fit(split: Split) -> PredictRows:
        return lambda rows: np.outer(np.ones(int(rows.sum())), [split.fold, 10 * split.fold])

    found = cross_fitted(fit, np.array([1, 2, NO_FOLD]), (2,))
    assert found.tolist() == [[1, 10], [2, 20], [1.5, 15]]


def test_a_fold_that_nothing_can_be_learned_for_has_no_score_and_no_say() -> None:
    def fit(split: Split) -> PredictRows | None:
        return None if split.fold == 0 else mean_of(VALUES, split)

    found = cross_fitted(fit, np.array([0, 0, 1, NO_FOLD]))
    assert np.isnan(found[:2]).all()
    assert found[2:].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("folds", [[], [NO_FOLD, NO_FOLD]])
def test_without_folds_nothing_is_fitted(folds: list[int]) -> None:
    def fit(split: Split) -> PredictRows:
        raise AssertionError("there is nothing to fit")

    found = cross_fitted(fit, np.array(folds, np.intp), (3,), missing=0.0)
    assert found.shape == (len(folds), 3)
    assert not found.any()


def test_a_single_fold_leaves_nothing_to_learn_from() -> None:
    assert [split.train.any() for split in splits(np.array([4, 4, NO_FOLD]))] == [False]


@given(st.lists(st.integers(-1, 4), max_size=30))
def test_no_row_is_scored_by_a_model_that_saw_it(dealt: list[int]) -> None:
    folds = np.array(dealt, np.intp)
    seen: list[tuple[Bools, Bools]] = []

    def fit(split: Split) -> PredictRows:
        def predict(rows: Bools) -> Floats:
            seen.append((split.train, rows))
            return np.full(int(rows.sum()), float(split.fold))

        return predict

    found = cross_fitted(fit, folds)
    assert not any((train & rows).any() for train, rows in seen)
    assert len(seen) == len(set(dealt) - {NO_FOLD})
    known = folds != NO_FOLD
    assert np.array_equal(found[known], folds[known])
    if known.any():
        assert np.allclose(found[~known], np.unique(folds[known]).mean())
    else:
        assert np.isnan(found).all()
