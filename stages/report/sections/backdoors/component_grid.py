"""The component grid as a heat map. Rows: how components were used; columns: which components; colour: the AER.

Coordinates are SVG units, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from stages.core.results.components import Component
from stages.core.words.figures import MISSING, percent
from stages.report.formatting import Figures

HOW = {
    "exposed": "trained with poison, the rest frozen and clean",
    "transplanted": "the victim's, put into the clean twin",
    "reused": "the victim's, the rest trained anew without poison",
}
"""For each row of the grid, what was done with the components of a column."""

COMPONENTS = get_args(Component)
WIDE, HIGH = 112.0, 40.0
"""Width and height of a cell of the heat map."""
LEFT, TOP = 96.0, 46.0


@dataclass(frozen=True)
class HeatCell:
    """A cell: its place, its rate as text and in [0, 1] (None if it was not measured), and its control as text."""

    x: float
    y: float
    text: str
    control: str
    rate: float | None

    @property
    def dark(self) -> bool:
        """Whether the cell is so dark that its text must be light."""
        return self.rate is not None and self.rate > 0.55


@dataclass(frozen=True)
class HeatMap:
    """The heat map as drawn: cells, labels of rows and columns with their places, number of clips, and the whole size.

    `meanings` holds, for each row, what was done with the components.
    """

    cells: Sequence[HeatCell]
    rows: Sequence[tuple[float, str]]
    columns: Sequence[tuple[float, Sequence[str]]]
    clips: str
    width: float
    height: float
    meanings: Mapping[str, str]

    @property
    def incomplete(self) -> bool:
        """Whether a cell was not measured."""
        return any(cell.rate is None for cell in self.cells)


def heat_map(grid: Sequence[Figures]) -> HeatMap:
    """Place the cells of the component grid; each cell shows its AER, and its control below."""
    hows = [how for how in HOW if any(row["how"] == how for row in grid)]
    sets = sorted({tuple(row["poisoned"]) for row in grid}, key=lambda names: (len(names), _places(names)))
    found = {(row["how"], tuple(row["poisoned"])): row for row in grid}
    clips = sorted({row["aer"]["n"] for row in grid})
    return HeatMap(
        [
            _heat_cell(LEFT + WIDE * x, TOP + HIGH * y, found.get((how, names)))
            for y, how in enumerate(hows)
            for x, names in enumerate(sets)
        ],
        [(TOP + HIGH * (y + 0.5), how) for y, how in enumerate(hows)],
        [(LEFT + WIDE * (x + 0.5), [name.replace("_", " ") for name in names]) for x, names in enumerate(sets)],
        f"{clips[0]}" if len(clips) == 1 else f"{clips[0]} to {clips[-1]}",
        LEFT + WIDE * len(sets),
        TOP + HIGH * len(hows) + 4.0,
        HOW,
    )


def _heat_cell(x: float, y: float, row: Figures | None) -> HeatCell:
    if row is None or row["aer"]["rate"] is None:
        return HeatCell(x, y, MISSING, "", None)
    rate = row["aer"]["rate"]
    return HeatCell(x, y, percent(rate), f"other sound {percent(row['random_sound']['rate'])}", rate)


def _places(names: Sequence[str]) -> list[int]:
    return [COMPONENTS.index(name) for name in names]
