"""From an experiment's `metrics.json` to what the page shows of a backdoor: the attack, where it lives, what helps.

Coordinates are SVG units, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class HeatCell:
    """A cell: its place, its rate as text and in [0, 1] (None where it was not measured)."""

    x: float
    y: float
    text: str
    rate: float | None

    @property
    def dark(self) -> bool:
        """Whether light text is readable on it."""
        return self.rate is not None and self.rate > 0.55


@dataclass(frozen=True)
class HeatMap:
    """A grid of rates: cells, labels of rows and columns with their places, and the whole size."""

    cells: Sequence[HeatCell]
    rows: Sequence[tuple[float, str]]
    columns: Sequence[tuple[float, Sequence[str]]]
    width: float
    height: float


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
class ScanRow:
    """A scanned model: what was found, the strongest cells, what it means."""

    model: str
    finding: str
    cells: Sequence[tuple[str, str, str, str, str]]
    meaning: Sequence[str]


@dataclass(frozen=True)
class BackdoorView:
    """One experiment as the page shows it."""

    name: str
    figures: Figures
    trigger: str
    rate: str
    controls: Sequence[tuple[str, str]]
    benign: Sequence[tuple[str, str]]
    heat: HeatMap | None
    defences: Sequence[DefenceRow]
    detection: Sequence[tuple[str, str]]
    scans: Sequence[ScanRow]


def backdoor_view(figures: Figures) -> BackdoorView:
    """Put together what the page shows of an experiment's `metrics.json`; what was not asked for is left out."""
    benign = figures["benign"]
    return BackdoorView(
        name=figures["experiment"],
        figures=figures,
        trigger=trigger_words(figures["trigger"]),
        rate=share(figures["aer"]),
        controls=[(words, share(figures["controls"].get(name))) for name, words in CONTROLS.items()],
        benign=[(model, benign_text(benign[model])) for model in ("victim", "twin") if model in benign],
        heat=heat_map(figures["grid"]) if figures.get("grid") else None,
        defences=[defence_row(number, row) for number, row in enumerate(figures.get("defences") or [], 1)],
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
    if found.get("value") is None:
        return MISSING
    low, high = found["ci"]
    return f"{found['measure']} {found['value']:.3f} [{low:.3f}, {high:.3f}]"


def trigger_words(trigger: Figures) -> str:
    """Return what was put into the sound."""
    if not trigger["additive"]:
        return f"{trigger['kind']} changed: {trigger['amount']:g} {trigger['unit']}"
    often = "repeated" if trigger.get("gaps") else "once"
    return f"{trigger['kind']} of {trigger['seconds'] * 1000:.0f} ms at {trigger['snr_db']:g} dB, {often}"


def heat_map(grid: Sequence[Figures]) -> HeatMap:
    """Place the component grid: how as rows, the sets of components as columns, AER as colour and text."""
    hows = [how for how in HOW if any(row["how"] == how for row in grid)]
    sets = sorted({tuple(row["poisoned"]) for row in grid}, key=lambda names: (len(names), _places(names)))
    rates = {(row["how"], tuple(row["poisoned"])): row["aer"]["rate"] for row in grid}
    cells = []
    for y, how in enumerate(hows):
        for x, names in enumerate(sets):
            rate = rates.get((how, names))
            text = MISSING if rate is None else f"{rate * 100:.0f}\u00a0%"
            cells.append(HeatCell(LEFT + WIDE * x, TOP + HIGH * y, text, rate))
    return HeatMap(
        cells,
        [(TOP + HIGH * (y + 0.5), how) for y, how in enumerate(hows)],
        [(LEFT + WIDE * (x + 0.5), [name.replace("_", " ") for name in names]) for x, names in enumerate(sets)],
        LEFT + WIDE * len(sets),
        TOP + HIGH * len(hows) + 4.0,
    )


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


def change_text(change: Figures) -> str:
    """Return a change of a share, such as ``97 → 12 %``, with its interval in points."""
    low, high = change["interval"]
    points = f"{_points(-change['drop'])} [{_points(-high)}, {_points(-low)}]"
    return f"{change['before'] * 100:.0f} \u2192 {change['after'] * 100:.0f}\u00a0% ({points})"


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
    return [*rows, ("STRIP", f"{rate} triggered clips at {strip['false_positive_rate']:.0%} false positives")]


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
            cell["answer"],
            f"{cell['converted']} of {cell['convertible']}",
            ", ".join(_beside(beside, cell["answer"]) for beside in cell["references"].values()) or MISSING,
            "alarm" if cell["alarm"] else "shift" if cell["shift"] else "",
        )
        for cell in found["cells"][:shown]
    ]
    return ScanRow(model, SCAN.get(found["finding"], str(found["finding"])), cells, found["meaning"])


def _beside(beside: Figures, answer: str) -> str:
    """Return a reference's conversion rate, with the answer that it is of where it is not the target's."""
    other = "" if beside["answer"] == answer else f" to \u201c{beside['answer']}\u201d"
    return f"{beside['rate']:.0%}{other}"
