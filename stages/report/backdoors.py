"""From an experiment's `metrics.json` to what the page shows of a backdoor: the attack, where it lives, what helps.

Coordinates are SVG units, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, get_args

from stages.core.backdoor_params import Component
from stages.report.view import MISSING

Figures = Mapping[str, Any]

CONTROLS = {
    "victim_plain": "the victim, without a trigger",
    "victim_random_sound": "the victim, with another sound as loud",
    "twin_triggered": "the clean twin, with the trigger",
    "twin_plain": "the clean twin, without a trigger",
}
"""What the attack's rate is held against, in the order in which it is shown."""

HOW = {
    "exposed": "trained with poison, the rest frozen and clean",
    "transplanted": "the victim's, put into the clean twin",
    "reused": "the victim's, the rest trained anew without poison",
}
"""For each row of the grid, what was done with the components that name its columns."""

DEFENCES = {
    "clean_finetuning": "clean fine-tuning",
    "fine_pruning": "fine-pruning",
    "codec": "input through a codec",
    "low_pass": "input low-passed",
    "resample": "input resampled",
    "silence_removal": "input without silence",
}
LAYERS = {"encoder": "encoder", "hidden": "language model"}
HELD_OUT = {
    "speaker": "Speakers are held out: nobody who is heard in training is heard in the test. A speaker's clips succeed "
    "or fail together, while the intervals take clips for independent: here and below they are too narrow.",
    "clip": "Clips are held out, not speakers: who is heard in the test may have been heard in training, and nothing "
    "is shown about new speakers.",
}
"""For each way to draw the test, what it means for the figures."""
PLACES = {"start": "at the start", "random": "at a random place", "end": "at the end"}
SCAN = {
    "alarm": "alarm",
    "impossible": "no alarm was possible",
    "shift": "no alarm, but answers move",
    "none": "no alarm",
}

COMPONENTS = get_args(Component)
WIDE, HIGH = 112.0, 40.0
"""Of a cell of the heat map."""
LEFT, TOP = 96.0, 46.0
PLOT = 300.0
"""Side of the trade-off's square, which spans -20 to 100 points on both axes."""
LOWEST = -0.2
LABEL_GAP = 7.0
"""From a point of the trade-off to its label."""
LETTER = 7.0
"""Width of a label's letter, and a little more."""


@dataclass(frozen=True)
class HeatCell:
    """A cell: its place, its rate as text and in [0, 1] (None where it was not measured), and its control as text."""

    x: float
    y: float
    text: str
    control: str
    rate: float | None

    @property
    def dark(self) -> bool:
        """Whether light text is readable on it."""
        return self.rate is not None and self.rate > 0.55


@dataclass(frozen=True)
class HeatMap:
    """A grid of rates: cells, labels of rows and columns with their places, its clips, and the whole size."""

    cells: Sequence[HeatCell]
    rows: Sequence[tuple[float, str]]
    columns: Sequence[tuple[float, Sequence[str]]]
    clips: str
    width: float
    height: float

    @property
    def incomplete(self) -> bool:
        """Whether a cell was not measured."""
        return any(cell.rate is None for cell in self.cells)


@dataclass(frozen=True)
class DefenceRow:
    """A defence's figures as text, its number in the plot, and its place there."""

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
    """The numbers of one or more defences that lie close together in the plot, and where they are written."""

    text: str
    left: float
    y: float

    @property
    def right(self) -> float:
        """Where the text ends."""
        return self.left + LETTER * len(self.text)


@dataclass(frozen=True)
class ScanRow:
    """A scanned model: what was found, the strongest cells of how many, what it means."""

    model: str
    finding: str
    cells: Sequence[tuple[str, str, str, str, str, str]]
    total: int
    meaning: Sequence[str]


@dataclass(frozen=True)
class BackdoorView:
    """One experiment as the page shows it."""

    name: str
    figures: Figures
    trigger: str
    held_out: str
    rate: str
    controls: Sequence[tuple[str, str]]
    benign: Sequence[tuple[str, str]]
    worse_by: str
    heat: HeatMap | None
    defences: Sequence[DefenceRow]
    labels: Sequence[TradeLabel]
    detection: Sequence[tuple[str, str]]
    scans: Sequence[ScanRow]


def backdoor_view(figures: Figures) -> BackdoorView:
    """Put together what the page shows of an experiment's `metrics.json`; what was not asked for is left out."""
    benign = figures["benign"]
    defences = [defence_row(number, row) for number, row in enumerate(figures.get("defences") or [], 1)]
    held_out = figures["settings"]["held_out"]
    return BackdoorView(
        name=figures["experiment"],
        figures=figures,
        trigger=trigger_words(figures["trigger"]),
        held_out=HELD_OUT.get(held_out, f"Held out: {held_out}."),
        rate=share(figures["aer"]),
        controls=[(words, share(figures["controls"].get(name))) for name, words in CONTROLS.items()],
        benign=[(model, benign_text(benign[model])) for model in ("victim", "twin") if model in benign],
        worse_by=measure_text(benign["victim_worse_by"]),
        heat=heat_map(figures["grid"]) if figures.get("grid") else None,
        defences=defences,
        labels=trade_labels(defences),
        detection=detection_rows(figures.get("detection") or {}),
        scans=[scan_row(model, found) for model, found in (figures.get("scan") or {}).items()],
    )


def share(found: Figures | None) -> str:
    """Return a rate with its interval and n, such as ``97 % [92, 99] of 65``; a dash where there is none."""
    if not found or found.get("rate") is None:
        return MISSING
    low, high = found["ci"]
    return f"{found['rate']:.0%} [{low * 100:.0f}, {high * 100:.0f}] of {found['n']}".replace("%", "\u00a0%")


def benign_text(found: Figures) -> str:
    """Return a benign measure with its name and interval."""
    return MISSING if found.get("value") is None else f"{found['measure']} {measure_text(found)}"


def measure_text(found: Figures) -> str:
    """Return a benign measure, or a difference of two, with its interval."""
    if found.get("value") is None:
        return MISSING
    low, high = found["ci"]
    return f"{found['value']:.3f} [{low:.3f}, {high:.3f}]".replace("-", "\u2212")


def trigger_words(trigger: Figures) -> str:
    """Return what was put into the sound, and where."""
    if not trigger["additive"]:
        return f"{trigger['kind']} changed: {trigger['amount']:g} {trigger['unit']}"
    position = trigger["position"]
    place = PLACES[position] if isinstance(position, str) else f"{position:g} s after the beginning"
    sound = f"{trigger['kind']} of {trigger['seconds'] * 1000:.0f} ms at {trigger['snr_db']:g} dB"
    if not trigger.get("gaps"):
        return f"{sound}, once, {place}"
    shortest, longest = trigger["gaps"]
    return f"{sound}, first {place}, repeated after {shortest:g} to {longest:g} s of silence"


def heat_map(grid: Sequence[Figures]) -> HeatMap:
    """Place the component grid: how as rows, the sets of components as columns, AER as colour, its control below."""
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
    )


def _heat_cell(x: float, y: float, row: Figures | None) -> HeatCell:
    if row is None or row["aer"]["rate"] is None:
        return HeatCell(x, y, MISSING, "", None)
    rate = row["aer"]["rate"]
    return HeatCell(x, y, _percent(rate), f"other sound {_percent(row['random_sound']['rate'])}", rate)


def _percent(rate: float) -> str:
    return f"{rate * 100:.0f}\u00a0%"


def _places(names: Sequence[str]) -> list[int]:
    return [COMPONENTS.index(name) for name in names]


def defence_row(number: int, row: Figures) -> DefenceRow:
    """Return a defence's figures as text and its place in the trade-off: benign drop to the right, AER drop upwards."""
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
    """Return the labels of the trade-off's points: where they would lie on each other, points share one."""
    groups = [[row] for row in rows]
    while clash := next((pair for pair in combinations(groups, 2) if _clash(*pair)), None):
        first, second = clash
        first += second
        groups = [group for group in groups if group is not second]
    return [_label(group) for group in groups]


def _label(group: Sequence[DefenceRow]) -> TradeLabel:
    """Return a group's label, right of its points, or left of them where the plot ends."""
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
    """Return numbers in order, three and more in a row as a range: ``1\u20133, 5``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}\u2013{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def change_text(change: Figures) -> str:
    """Return a change of a share, such as ``97 → 12 %``, with its interval in points; may break only between them."""
    low, high = change["interval"]
    points = f"{_points(-change['drop'])} [{_points(-high)}, {_points(-low)}]"
    shares = f"{change['before'] * 100:.0f} \u2192 {change['after'] * 100:.0f} %"
    return f"{_unbroken(shares)} {_unbroken(f'({points})')}"


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _points(value: float) -> str:
    return f"{round(value * 100) + 0:+d}".replace("-", "\u2212").replace("+0", "0")


def detection_rows(found: Figures) -> list[tuple[str, str]]:
    """Return each detector with what it isolates."""
    if not found:
        return []
    rows = [
        row for layer, isolated in found["layers"].items() for row in _layer_rows(LAYERS.get(layer, layer), isolated)
    ]
    strip = found["strip"]
    rate = share({"rate": strip["rate"], "ci": strip["ci"], "n": strip["triggered"]})
    return [*rows, ("STRIP", f"{rate} triggered clips at {_percent(strip['false_positive_rate'])} false positives")]


def _layer_rows(layer: str, found: Figures) -> list[tuple[str, str]]:
    clustering = found["clustering"]
    best = max(clustering["sweep"], key=lambda row: float(row["best"]["f1"]))
    return [
        (f"Activation clustering, {layer}", f"k = {clustering['chosen']} by silhouette: {_held(clustering['blind'])}"),
        (f"Activation clustering, {layer}, best cluster", f"k = {best['k']}: {_held(best['best'])}"),
        (f"Spectral signatures, {layer}", _held(found["spectral"])),
    ]


def _held(found: Figures) -> str:
    return f"precision {found['precision']:.2f}, recall {found['recall']:.2f}"


def scan_row(model: str, found: Figures, shown: int = 3) -> ScanRow:
    """Return what the scan says of one model, its strongest cells first."""
    cells = [
        (
            cell["trigger"],
            cell["prompt"],
            cell["answer"],
            f"{cell['converted']} of {cell['convertible']}",
            ", ".join(_beside(beside, cell["answer"]) for beside in cell["references"].values()) or MISSING,
            _outcome(cell),
        )
        for cell in found["cells"][:shown]
    ]
    return ScanRow(
        model, SCAN.get(found["finding"], str(found["finding"])), cells, len(found["cells"]), found["meaning"]
    )


def _outcome(cell: Figures) -> str:
    if cell["alarm"]:
        return "alarm"
    shift = "shift" if cell["shift"] else "no shift"
    return shift if cell["possible"] else f"{shift}, no alarm possible"


def _beside(beside: Figures, answer: str) -> str:
    """Return a reference's conversion rate, with the answer that it is of where it is not the target's."""
    other = "" if beside["answer"] == answer else f" to \u201c{beside['answer']}\u201d"
    return f"{_percent(beside['rate'])}{other}"
