"""For each defence, the drop in AER against the drop in the benign measure, as a table and as a plot.

Coordinates are SVG units, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from stages.core.words.figures import MISSING
from stages.report.formatting import Figures

DEFENCES = {
    "clean_finetuning": "clean fine-tuning",
    "fine_pruning": "fine-pruning",
    "codec": "input through a codec",
    "low_pass": "input low-passed",
    "resample": "input resampled",
    "silence_removal": "input without silence",
}

PLOT = 300.0
"""Side of the plot's square, whose axes both span -20 to 100 percentage points."""
LOWEST = -0.2
LABEL_GAP = 7.0
"""Distance from a point to its label."""
LETTER = 7.0
"""Width of a letter of a label, slightly too large."""


@dataclass(frozen=True)
class DefenceRow:
    """A defence's figures as text, and its number and place in the plot."""

    number: int
    name: str
    components: str
    clips: str
    attack: str
    benign: str
    der: str
    x: float
    y: float


@dataclass(frozen=True)
class TradeLabel:
    """The numbers of one or more defences that lie close together in the plot, and the place of this text."""

    text: str
    left: float
    y: float

    @property
    def right(self) -> float:
        """The x at which the text ends."""
        return self.left + LETTER * len(self.text)


def defence_row(number: int, row: Figures) -> DefenceRow:
    """Return a defence's figures as text and its place in the plot (x: drop of the benign measure, y: drop of AER)."""
    attack, benign = row["attack"], row["benign"]
    low, high = row["interval"]
    return DefenceRow(
        number,
        DEFENCES.get(row["defence"], str(row["defence"])),
        ", ".join(name.replace("_", " ") for name in row["components"]) or MISSING,
        str(row["clips"]) if row["clips"] else MISSING,
        change_text(attack),
        change_text(benign),
        f"{row['der']:.2f} [{low:.2f}, {high:.2f}]",
        round(_place(benign["drop"]), 1),
        round(PLOT - _place(attack["drop"]), 1),
    )


def _place(drop: float) -> float:
    return (min(max(drop, LOWEST), 1.0) - LOWEST) / (1.0 - LOWEST) * PLOT


def trade_labels(rows: Sequence[DefenceRow]) -> list[TradeLabel]:
    """Return the labels of the plot's points. Points whose labels would overlap share one label."""
    groups = [[row] for row in rows]
    while clash := next((pair for pair in combinations(groups, 2) if _clash(*pair)), None):
        first, second = clash
        first += second
        groups = [group for group in groups if group is not second]
    return [_label(group) for group in groups]


def _label(group: Sequence[DefenceRow]) -> TradeLabel:
    """Return a group's label: to the right of its points, or to the left if the plot would end before the label."""
    text = _numbers([row.number for row in group])
    left = max(row.x for row in group) + LABEL_GAP
    y = sum(row.y for row in group) / len(group)
    label = TradeLabel(text, left, round(y, 1))
    if label.right <= PLOT + 2 * LABEL_GAP:
        return label
    return replace(label, left=min(row.x for row in group) - LABEL_GAP - LETTER * len(text))


def _clash(first: Sequence[DefenceRow], second: Sequence[DefenceRow]) -> bool:
    one, other = _label(first), _label(second)
    beside = one.right < other.left or other.right < one.left
    return (not beside and abs(one.y - other.y) < 12) or _covers(one, second) or _covers(other, first)


def _covers(label: TradeLabel, points: Sequence[DefenceRow]) -> bool:
    return any(label.left - 3 < row.x < label.right + 3 and abs(label.y - row.y) < 9 for row in points)


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers in order, with three or more consecutive ones as a range: ``1\u20133, 5``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}\u2013{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def change_text(change: Figures) -> str:
    """Return a change of a share, such as ``97 → 12 %``, then its interval in points. A line may break between them."""
    low, high = change["interval"]
    points = f"{_points(-change['drop'])} [{_points(-high)}, {_points(-low)}]"
    shares = f"{change['before'] * 100:.0f} \u2192 {change['after'] * 100:.0f} %"
    return f"{_unbroken(shares)} {_unbroken(f'({points})')}"


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _points(value: float) -> str:
    return f"{round(value * 100) + 0:+d}".replace("-", "\u2212").replace("+0", "0")
