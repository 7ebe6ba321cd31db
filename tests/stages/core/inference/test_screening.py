"""Features that stand out: by hand, by chance, and what screening is for."""

import numpy as np
import pytest

from stages.core.inference.ridge import CrossFittedRidge
from stages.core.inference.screening import MOST, standout
from stages.core.inference.statistics import auc


def test_what_stands_out_is_returned_strongest_first() -> None:
    # Of four features on 102 rows each has a two-sided level of 1/4: |t| at 100 degrees 1.157, |r| 0.115.
    chosen = standout(np.array([[0.12, 0.0], [0.11, 0.0], [-0.5, 0.0], [0.0, 0.0]]), 102)
    assert [features.tolist() for features in chosen] == [[2, 0], []]


def test_no_more_than_the_most_are_taken() -> None:
    assert len(standout(np.full((100, 1), 0.9), 50)[0]) == MOST


@pytest.mark.parametrize("shape", [(0, 2), (3, 2)])
def test_without_features_or_rows_nothing_stands_out(shape: tuple[int, int]) -> None:
    assert [len(features) for features in standout(np.full(shape, 0.9), 3)] == [0, 0]


def test_about_one_useless_feature_stands_out() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(200, 300)), rng.normal(size=(200, 100))
    correlation = (features - features.mean(0)).T @ (targets - targets.mean(0))
    correlation /= np.outer(features.std(0), targets.std(0)) * 200
    assert 0.7 < np.mean([len(chosen) for chosen in standout(correlation, 200)]) < 1.3


def test_two_features_that_tell_are_found_among_hundreds_that_do_not() -> None:
    rng = np.random.default_rng(1)
    member, features = np.arange(600) % 2 == 0, rng.normal(size=(600, 300))
    features[member, :2] += 0.5
    folds = rng.integers(0, 5, 600)
    score = CrossFittedRidge(features, folds).predict(member[:, None].astype(float))[:, 0]
    best = CrossFittedRidge(features[:, :2], folds).predict(member[:, None].astype(float))[:, 0]
    assert auc(score, member) > auc(best, member) - 0.04


def test_what_only_all_features_tell_together_is_kept() -> None:
    rng = np.random.default_rng(2)
    member, features = np.arange(600) % 2 == 0, rng.normal(size=(600, 60))
    features[member] += 0.12  # of each, hardly anything
    score = CrossFittedRidge(features, rng.integers(0, 5, 600)).predict(member[:, None].astype(float))[:, 0]
    assert auc(score, member) > 0.65
