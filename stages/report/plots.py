"""Geometry of the page's two plots; the template draws them as inline SVG.

Coordinates are SVG units, x to the right and y downwards; AUCs and rates are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A ROC curve.

    Attributes
    ----------
    name : str
    false, true : float64[n]
        False- and true-positive rates, both rising from 0 to 1.
    blind : bool
        Whether it is the blind baseline's, which has a style of its own.
    """

    name: str
    false: Rates
    true: Rates
    blind: bool = False


@dataclass(frozen=True)
class Estimate:
    """An AUC and its interval (None without one); `kind` names the marker."""

    value: float
    low: float | None = None
    high: float | None = None
    kind: str = "target"


@dataclass(frozen=True)
class ForestRow:
    """A row of the interval plot: a label, and estimates that are drawn one below the other. A heading has none."""

    label: str
    estimates: Sequence[Estimate] = field(default_factory=tuple)


@dataclass(frozen=True)
class Mark:
    """An estimate as drawn: the place and kind of its marker, and the ends of its interval (None without one)."""

    x: float
    y: float
    low: float | None
    high: float | None
    kind: str


@dataclass(frozen=True)
class PlacedRow:
    """A row as drawn: its label, its place and its marks."""

    label: str
    y: float
    marks: Sequence[Mark]

    @property
    def heading(self) -> bool:
        """Whether the row is a heading of the rows below it."""
        return not self.marks


@dataclass(frozen=True)
class Forest:
    """An interval plot as drawn: rows, the axis's ticks as (x, label), the place of chance, and the plot's edges."""

    rows: Sequence[PlacedRow]
    ticks: Sequence[tuple[float, str]]
    chance: float
    left: float
    right: float
    bottom: float
    height: float
    width: float = 620.0


@dataclass(frozen=True)
class Line:
    """A curve as drawn: its SVG path, and the number of its style (0 is the blind baseline's)."""

    name: str
    path: str
    style: int


ROW = 26.0
"""Height of a row of the interval plot."""

STYLES = 6
"""Number of line styles that the template has for attacks."""

ROC_SIZE = 320.0
ROC_LEFT = 44.0
ROC_TOP = 10.0


def forest(rows: Sequence[ForestRow], left: float = 190.0, width: float = 620.0, chance: float = 0.5) -> Forest:
    """Place the rows of an interval plot, with a line at `chance`.

    The axis ends at 1.0 and begins at 0.4, or lower if an estimate, an interval or `chance` lies lower. Its ticks are
    0.1 apart.
    """
    values = [edge for row in rows for one in row.estimates for edge in (one.value, one.low, one.high)]
    lowest = min([0.4, chance, *(value for value in values if value is not None)])
    start = np.floor(lowest * 10) / 10
    right = width - 16.0

    def place(value: float) -> float:
        return float(round(left + (value - start) / (1.0 - start) * (right - left), 2))

    placed = [_place_row(row, 18.0 + ROW * index, place) for index, row in enumerate(rows)]
    bottom = ROW * len(rows) + 8.0
    steps = np.arange(round(start * 10), 11) / 10
    ticks = [(place(float(step)), f"{step:.1f}") for step in steps]
    return Forest(placed, ticks, place(chance), left, right, bottom, bottom + 38.0, width)


def _place_row(row: ForestRow, y: float, place: Callable[[float], float]) -> PlacedRow:
    middle = (len(row.estimates) - 1) / 2
    marks = [
        Mark(
            place(one.value),
            y + 9.0 * (index - middle),
            None if one.low is None else place(one.low),
            None if one.high is None else place(one.high),
            one.kind,
        )
        for index, one in enumerate(row.estimates)
    ]
    return PlacedRow(row.label, y, marks)


def roc_lines(curves: Sequence[Curve]) -> list[Line]:
    """Return the ROC curves as drawn: the attacks first, then the blind baseline."""
    ordered = sorted(curves, key=lambda curve: curve.blind)
    return [
        Line(curve.name, roc_path(curve.false, curve.true), 0 if curve.blind else 1 + index % STYLES)
        for index, curve in enumerate(ordered)
    ]


def roc_path(false: Rates, true: Rates) -> str:
    """Return an SVG path through the points of a ROC curve."""
    x = ROC_LEFT + ROC_SIZE * np.asarray(false)
    y = ROC_TOP + ROC_SIZE * (1.0 - np.asarray(true))
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
