"""Geometry of the plots."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.report.plots import ROC_LEFT, ROC_SIZE, ROC_TOP, Curve, Estimate, ForestRow, forest, roc_lines, roc_path

RATE = st.floats(0.0, 1.0)


def test_the_axis_starts_at_the_lowest_end_of_an_interval() -> None:
    plot = forest([ForestRow("loss", (Estimate(0.31, 0.22, 0.4),))], left=100, width=916)
    assert [label for _, label in plot.ticks] == ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    # 800 units for 0.8: a thousandth of AUC is a unit.
    assert plot.chance == 400
    (mark,) = plot.rows[0].marks
    assert (mark.x, mark.low, mark.high) == (210, 120, 300)


def test_the_axis_is_the_same_for_all_that_lies_above_it() -> None:
    ticks = [label for _, label in forest([ForestRow("loss", (Estimate(0.9, 0.8, 1.0),))]).ticks]
    assert ticks == ["0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]


def test_two_estimates_of_a_row_lie_above_each_other_around_its_middle() -> None:
    (row,) = forest([ForestRow("loss", (Estimate(0.8), Estimate(0.6, kind="reference")))]).rows
    assert [mark.y - row.y for mark in row.marks] == [-4.5, 4.5]
    assert row.marks[1].low is None
    assert not row.heading


def test_a_row_without_estimates_is_a_heading() -> None:
    (row,) = forest([ForestRow("Attacks")]).rows
    assert row.heading


@given(RATE, RATE, RATE)
def test_marks_lie_on_the_axis(value: float, low: float, high: float) -> None:
    plot = forest([ForestRow("loss", (Estimate(value, min(value, low), max(value, high)),))])
    (mark,) = plot.rows[0].marks
    assert mark.low is not None
    assert mark.high is not None
    assert plot.left <= mark.low <= mark.x <= mark.high <= plot.right


def test_a_curve_goes_from_the_lower_left_to_the_upper_right() -> None:
    path = roc_path(np.array([0.0, 0.25, 1.0]), np.array([0.0, 0.5, 1.0]))
    bottom, right = ROC_TOP + ROC_SIZE, ROC_LEFT + ROC_SIZE
    assert path == f"M{ROC_LEFT:.1f} {bottom:.1f}L124.0 170.0L{right:.1f} {ROC_TOP:.1f}"


@pytest.mark.parametrize("attacks", [1, 4, 8])
def test_only_the_baseline_has_its_style(attacks: int) -> None:
    ends = np.array([0.0, 1.0])
    curves = [Curve("blind", ends, ends, blind=True), *(Curve(str(index), ends, ends) for index in range(attacks))]
    lines = roc_lines(curves)
    assert [line.name for line in lines if line.style == 0] == ["blind"]
    assert lines[-1].name == "blind"
    assert len(lines) == attacks + 1
