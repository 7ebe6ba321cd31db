"""The view of an experiment, from its `details.json`: the attack, the components that carry it, and the defences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stages.core.words.figures import MISSING
from stages.report.formatting import Figures
from stages.report.sections.backdoors.component_grid import HeatMap, heat_map
from stages.report.sections.backdoors.detectors import ScanRow, detection_rows, scan_row
from stages.report.sections.backdoors.rates import share
from stages.report.sections.backdoors.trade_off import DefenceRow, TradeLabel, defence_row, trade_labels

CONTROLS = {
    "victim_plain": "the victim, without a trigger",
    "victim_random_sound": "the victim, with another sound as loud",
    "twin_triggered": "the clean twin, with the trigger",
    "twin_plain": "the clean twin, without a trigger",
}
"""The controls with which the attack's rate is compared, in the order in which they are shown."""

HELD_OUT = {
    "speaker": "Speakers are held out: no speaker of the test is heard in training. The intervals treat clips as "
    "independent, but the clips of one speaker tend to succeed or fail together. So the intervals, here and below, are "
    "too narrow.",
    "clip": "Clips are held out, not speakers: a speaker of the test may be heard in training too. So the figures show "
    "nothing about new speakers.",
}
"""For each way to draw the test clips, what it means for the figures."""
PLACES = {"start": "at the start", "random": "at a random place", "end": "at the end"}


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
    """Return the view of an experiment's `details.json`. Parts that the experiment did not measure are left out."""
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
    """Return the description of the trigger: what was added or changed, and where."""
    if not trigger["additive"]:
        return f"{trigger['kind']} changed: {trigger['amount']:g} {trigger['unit']}"
    position = trigger["position"]
    place = PLACES[position] if isinstance(position, str) else f"{position:g} s after the beginning"
    sound = f"{trigger['kind']} of {trigger['seconds'] * 1000:.0f} ms at {trigger['snr_db']:g} dB"
    if not trigger.get("gaps"):
        return f"{sound}, once, {place}"
    shortest, longest = trigger["gaps"]
    return f"{sound}, first {place}, repeated after {shortest:g} to {longest:g} s of silence"
