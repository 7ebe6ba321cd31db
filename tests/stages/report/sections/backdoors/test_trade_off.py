"""Defences as rows of text and as points of a plot."""

from itertools import combinations

import numpy as np
import pytest

from stages.report.sections.backdoors.trade_off import PLOT, DefenceRow, change_text, defence_row, trade_labels
from tests.stages.report.sections.backdoors.experiment import change, defence


def test_a_change_as_text() -> None:
    assert change_text(change(0.97, 0.12)) == "97\u00a0\u2192\u00a012\u00a0% (\u221285\u00a0[\u221290,\u00a0\u221280])"


@pytest.mark.parametrize(
    ("attack", "benign", "x", "y"),
    [(0.0, 0.0, PLOT / 6, PLOT * 5 / 6), (1.0, 1.0, PLOT, 0.0), (-0.9, -0.9, 0.0, PLOT)],
)
def test_the_trade_off_spans_from_minus_20_to_100_points(attack: float, benign: float, x: float, y: float) -> None:
    row = defence("codec", [], 0, 0) | {"attack": change(attack, 0.0), "benign": change(benign, 0.0)}
    found = defence_row(1, row)
    assert (found.x, found.y) == (pytest.approx(x, abs=0.1), pytest.approx(y, abs=0.1))


def placed(*drops: tuple[float, float]) -> list[DefenceRow]:
    rows = [
        defence("codec", [], 0, 0) | {"attack": change(attack, 0.0), "benign": change(benign, 0.0)}
        for attack, benign in drops
    ]
    return [defence_row(number, row) for number, row in enumerate(rows, 1)]


def test_points_that_lie_close_share_a_label() -> None:
    found = trade_labels(placed((0.0, 0.0), (0.9, 0.0), (0.01, 0.01), (0.0, 0.02), (0.0, 0.0)))
    assert [label.text for label in found] == ["1, 3\u20135", "2"]


def test_no_label_of_many_lies_on_another_or_leaves_the_plot() -> None:
    rng = np.random.default_rng(1)
    rows = placed(*rng.uniform(-0.2, 1.0, (25, 2)).tolist())
    labels = trade_labels(rows)
    numbers = [int(number) for label in labels for number in label.text.replace("\u2013", ", ").split(", ")]
    assert {1, 25} <= set(numbers)
    for one, other in combinations(labels, 2):
        assert one.right < other.left or other.right < one.left or abs(one.y - other.y) >= 12
    assert all(label.left >= 0 and label.right <= PLOT + 16 for label in labels)
