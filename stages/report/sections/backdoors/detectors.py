"""What the detectors and the scan find in a victim, as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stages.core.words.figures import MISSING, percent
from stages.report.formatting import Figures
from stages.report.sections.backdoors.rates import share

LAYERS = {"encoder": "encoder", "hidden": "language model"}
SCAN = {
    "alarm": "alarm",
    "impossible": "no alarm was possible",
    "shift": "no alarm, but answers move",
    "none": "no alarm",
}


@dataclass(frozen=True)
class ScanRow:
    """A scanned model: the finding, its strongest cells, the number of all its cells, and the reasons."""

    model: str
    finding: str
    cells: Sequence[tuple[str, str, str, str, str, str]]
    total: int
    meaning: Sequence[str]


def detection_rows(found: Figures) -> list[tuple[str, str]]:
    """Return each detector with the precision and recall, or the rate, that it reaches."""
    if not found:
        return []
    rows = [
        row for layer, isolated in found["layers"].items() for row in _layer_rows(LAYERS.get(layer, layer), isolated)
    ]
    strip = found["strip"]
    rate = share({"rate": strip["rate"], "ci": strip["ci"], "n": strip["triggered"]})
    return [*rows, ("STRIP", f"{rate} triggered clips at {percent(strip['false_positive_rate'])} false positives")]


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
    """Return the scan's result for one model, with its `shown` strongest cells."""
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
    """Return a reference's conversion rate, with its answer if that is not the target's."""
    other = "" if beside["answer"] == answer else f" to \u201c{beside['answer']}\u201d"
    return f"{percent(beside['rate'])}{other}"
