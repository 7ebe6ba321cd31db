"""Boosted stumps for many label vectors at once."""

import numpy as np
import pytest

from stages.blind_baseline.boosting import CUTS, RATE, SHRINKAGE, fit_stumps
from stages.core.inference.statistics import auc


def everything(width: int, vectors: int = 1) -> np.ndarray:
    return np.tile(np.arange(width)[:, None], (1, vectors))


def test_the_first_step_is_a_newton_step_at_the_best_cut() -> None:
    # Ten clips, five members above the only cut that there is: residuals -0.5 and 0.5, curvature a quarter.
    rows = np.repeat([0.0, 1.0], 5)[:, None]
    stumps = fit_stumps(rows, rows > 0.5, everything(1))
    added = 4 * RATE * 5 * 0.5 / (5 + SHRINKAGE)
    assert (stumps.low[0, 0], stumps.high[0, 0]) == (pytest.approx(-added), pytest.approx(added))
    assert stumps.cut[0, 0] == 0.0


def test_what_lies_far_out_on_either_side_is_found() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 5))
    member = np.abs(rows[:, 2]) > 0.7
    stumps = fit_stumps(rows[:300], member[:300, None], everything(5))
    assert auc(stumps.scores(rows[300:])[:, 0], member[300:]) > 0.95


def test_a_rare_flag_is_found() -> None:
    rows = np.zeros((200, 1))
    rows[:5] = 1
    stumps = fit_stumps(rows, rows > 0.5, everything(1))
    assert len(stumps.cut) > 0
    assert CUTS < 20  # so that no quantile would show it
    assert stumps.scores(rows)[0, 0] > stumps.scores(rows)[-1, 0]


def test_each_label_vector_has_the_model_of_its_own_and_of_its_own_features() -> None:
    rng = np.random.default_rng(1)
    rows, labels = rng.normal(size=(80, 4)), rng.random((80, 2)) < 0.5
    allowed = np.array([[0, 2], [1, 3]])
    together = fit_stumps(rows, labels, allowed)
    alone = fit_stumps(rows, labels[:, [1]], allowed[:, [1]])
    assert together.scores(rows)[:, 1] == pytest.approx(alone.scores(rows)[:, 0], abs=1e-5)
    assert set(together.feature[:, 0].tolist()) <= {0, 1}
    assert set(together.feature[:, 1].tolist()) <= {2, 3}


def test_what_does_not_vary_adds_nothing() -> None:
    stumps = fit_stumps(np.ones((20, 2)), np.arange(20)[:, None] % 2 == 0, everything(2))
    assert (stumps.scores(np.zeros((3, 2))) == 0).all()
