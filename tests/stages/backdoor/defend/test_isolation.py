"""Precision and recall of suspicion, by hand."""

import numpy as np
import pytest

from stages.backdoor.defend.isolation import isolation


def test_suspicion_is_counted_over_the_suspected_and_over_the_poisoned() -> None:
    # Suspected 4, poisoned 3, both 2.
    held = isolation(np.array([1, 1, 1, 1, 0, 0], bool), np.array([1, 1, 0, 0, 1, 0], bool))
    assert (held.precision, held.recall) == (0.5, pytest.approx(2 / 3))
    assert held.f1 == held.figures()["f1"] == pytest.approx(2 * 2 / (4 + 3))


def test_nothing_suspected_is_no_precision_and_all_of_its_interval() -> None:
    held = isolation(np.zeros(3, bool), np.ones(3, bool))
    assert (held.precision, held.recall, held.f1) == (0.0, 0.0, 0.0)
    assert held.figures()["precision_ci"] == (0.0, 1.0)
