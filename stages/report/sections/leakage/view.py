"""The view of an audit of speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.core.results.leakage import LeakageResult
from stages.core.words.figures import MISSING, number, probability
from stages.core.words.leakage import LEAKS
from stages.report.formatting import Figures
from stages.report.plots import Curve, Estimate, Forest, ForestRow, Line, forest, roc_lines
from stages.report.words import CONDITIONS

IDENTITY_COLUMNS = (
    "Layer",
    "Equal error rate",
    "against the same gender alone",
    "Found at 0.1 % false alarms",
    "Found at 1 %",
    "Linkability",
    "ZEBRA bits",
    "Pairs across sessions",
)

NOT_AUDIBLE = "not_audible"
"""The finding of an audit whose target is not reached by audio. Such a target is asked no question."""

MOST_LAYERS = 16
"""Most layers in the plot. Of a deeper model, every second (third, ...) layer is shown, and the last."""


@dataclass(frozen=True)
class AskedRow:
    """The figures of one prompting condition and one way of asking, as text."""

    condition: str
    meaning: str
    way: str
    n: int
    told: str
    clustered: str
    correct: int
    wrong: int
    refused: int
    unparsed: int
    failed: int
    given_answered: str
    gap: str


@dataclass(frozen=True)
class SilenceRow:
    """The answers to silence, in one way of asking."""

    way: str
    n: int
    answers: str
    tendency: str
    by_chance: str


@dataclass(frozen=True)
class AttributeView:
    """One attribute as the page shows it."""

    name: str
    question: str
    options: str
    clips: int
    chance: str
    majority: str
    finding: str
    label: str
    meaning: str
    reasons: Sequence[str]
    asked: Sequence[AskedRow]
    silence: Sequence[SilenceRow]
    privacy: str
    layers: Forest | None
    best_layer: str
    unread: str


@dataclass(frozen=True)
class LeakageView:
    """One audit of speakers as the page shows it, and its result."""

    result: LeakageResult
    name: str
    corpus: str
    target: str
    deaf: bool
    unlabelled: str
    speakers_note: str
    layers_note: str
    system: str
    decoding: str
    attributes: Sequence[AttributeView]
    identity_columns: Sequence[str]
    identity: Sequence[Sequence[str]]
    no_identity: str
    det: Sequence[Line]


def leakage_view(details: Figures, probes: Sequence[Figures]) -> LeakageView:
    """Return the view of an audit of speakers.

    Parameters
    ----------
    details : mapping
        Its `details.json`.
    probes : sequence of mapping
        Rows of its `probes.parquet`.
    """
    attributes = details.get("attributes", {})
    read = details.get("layers") or {"failed": 0}
    identity = details.get("identity") or {}
    decoding = details.get("decoding") or {}
    return LeakageView(
        result=LeakageResult.model_validate(details),
        name=details["audit"],
        corpus=details["corpus"],
        target=details["target"],
        deaf=details.get("finding") == NOT_AUDIBLE,
        unlabelled=", ".join(details.get("unlabelled") or []),
        speakers_note=details.get("speakers_note") or "",
        layers_note=f"{read['failed']} of {read['clips'] + read['failed']} clips have no layers, the first because of "
        f"{read['failure']}"
        if read["failed"]
        else "",
        system=details.get("system", ""),
        decoding=str(decoding.get("generated_tokens", MISSING)),
        attributes=[
            _attribute(name, found, details, [row for row in probes if row["attribute"] == name])
            for name, found in attributes.items()
        ],
        identity_columns=IDENTITY_COLUMNS,
        identity=[
            _identity_row(layer, kinds, across=bool(identity["across_sessions"]))
            for layer, kinds in (identity.get("layers") or {}).items()
        ],
        no_identity=identity.get("reason") or "",
        det=det_lines(identity.get("layers") or {}),
    )


def det_lines(layers: Figures) -> list[Line]:
    """Return the curves of missed pairs over false alarms, of the layers whose curve is kept."""
    return roc_lines(
        [
            Curve(f"{layer}, {kind.replace('_', ' ')}", np.array(found["det"]["fpr"]), np.array(found["det"]["fnr"]))
            for layer, kinds in layers.items()
            for kind, found in kinds.items()
            if "det" in found
        ]
    )


def _attribute(name: str, found: Figures, details: Figures, probes: Sequence[Figures]) -> AttributeView:
    label, meaning = LEAKS.get(found["finding"], (found["finding"], ""))
    cells = [cell for ways in found["conditions"].values() for cell in ways.values()]
    read = found["probes"]
    best = read["best"]
    return AttributeView(
        name=name,
        question=details.get("questions", {}).get(name, ""),
        options=", ".join(found["options"]),
        clips=found["clips"],
        chance=number(cells[0]["chance"] if cells else None),
        majority=number(cells[0]["majority"] if cells else None),
        finding=found["finding"],
        label=label,
        meaning=meaning,
        reasons=found["reasons"],
        asked=[
            _asked_row(condition, way, cell, (found.get("gap") or {}).get(condition, {}).get(way))
            for condition in sorted(found["conditions"], key=_place)
            for way, cell in found["conditions"][condition].items()
        ],
        silence=[_silence_row(way, row) for way, row in found["silence"].items()],
        privacy=privacy_words(name, found["conditions"], details.get("comparisons", [])),
        layers=_layers(probes) if best else None,
        best_layer="" if best is None else f"{best['layer']}, {_interval(best['balanced_accuracy'], best)}",
        unread=read["reason"] or "",
    )


def _place(condition: str) -> int:
    return list(CONDITIONS).index(condition) if condition in CONDITIONS else len(CONDITIONS)


def _asked_row(condition: str, way: str, cell: Figures, gap: Figures | None) -> AskedRow:
    counts = cell["outcomes"]
    iar = cell["iar"]
    return AskedRow(
        condition=condition.replace("_", " "),
        meaning=CONDITIONS.get(condition, ""),
        way=way,
        n=cell["n"],
        told=_share(iar, "wilson"),
        clustered=_ends(iar["clustered"]),
        correct=counts["correct"],
        wrong=counts["wrong"],
        refused=counts["refused"],
        unparsed=counts["unparsed"],
        failed=cell["failed"],
        given_answered=_share(cell["accuracy_given_answered"], "wilson"),
        gap=MISSING if not gap or gap["gap"] is None else _interval(gap["gap"], gap),
    )


def _silence_row(way: str, found: Figures) -> SilenceRow:
    counts = [*found["answers"].items(), *((kind, found["outcomes"][kind]) for kind in ("refused", "unparsed"))]
    label, bbr = found["label"], found["bbr"]
    return SilenceRow(
        way=way,
        n=found["n"],
        answers=", ".join(f"{count} {name}" for name, count in counts),
        tendency=MISSING if label is None else f"{label}: {_share(bbr, 'wilson')}",
        by_chance=number(found["by_chance"]),
    )


def privacy_words(attribute: str, conditions: Figures, comparisons: Sequence[Figures]) -> str:
    """Return a sentence on the effect of the privacy prompt: free answers with it against those without it."""
    direct, privacy = (conditions.get(name, {}).get("free") for name in ("direct", "privacy"))
    if not direct or not privacy:
        return ""
    tests = {
        row["outcome"]: row
        for row in comparisons
        if (row["attribute"], row["condition"], row["way"]) == (attribute, "privacy", "free")
    }
    rates = [
        f"{words} go from {number(direct[key]['share'])} to {number(privacy[key]['share'])}"
        f" (p {probability((tests.get(outcome) or {}).get('holm_speaker_p'))})"
        for words, key, outcome in (
            ("refusals", "refusal_rate", "refused"),
            ("answers that are right", "iar", "correct"),
        )
    ]
    constrained = conditions["privacy"].get("constrained")
    still = f" Forced to choose, it is still right on {number(constrained['iar']['share'])}." if constrained else ""
    return f"With the privacy prompt, {' and '.join(rates)}.{still}"


def _layers(probes: Sequence[Figures]) -> Forest:
    """Return the plot of the layers: the probe on audio, its control on shuffled labels, the transcript on top."""
    by_layer: dict[str, dict[str, Figures]] = {}
    for row in probes:
        by_layer.setdefault(row["layer"], {})[row["probe"]] = row
    words = [ForestRow("words alone", _estimates(kinds["transcript"], "blind"))
             for kinds in by_layer.values() if "transcript" in kinds]  # fmt: skip
    layers = [(name, kinds) for name, kinds in by_layer.items() if "audio" in kinds]
    step = max(1, -(-len(layers) // MOST_LAYERS))
    shown = [pair for at, pair in enumerate(layers) if at % step == 0 or at == len(layers) - 1]
    rows = [
        ForestRow(
            name,
            (*_estimates(kinds["audio"], "target"), *_estimates(kinds.get("shuffled"), "reference")),
        )
        for name, kinds in shown
    ]
    return forest([*words, *rows], chance=probes[0]["chance"])


def _estimates(row: Figures | None, kind: str) -> tuple[Estimate, ...]:
    if row is None or row["balanced_accuracy"] is None:
        return ()
    low, high = (row["low"], row["high"]) if kind != "reference" else (None, None)
    return (Estimate(row["balanced_accuracy"], low, high, kind),)


def _identity_row(layer: str, kinds: Figures, *, across: bool) -> Sequence[str]:
    found = kinds["all"]
    low = found["tpr_at_fpr"]
    return [
        layer,
        *(
            f"{number(kinds[kind]['eer'])} {_ends(kinds[kind]['eer_ci'])}" if kind in kinds else MISSING
            for kind in ("all", "same_gender")
        ),
        *(number(low[rate]["tpr"]) if rate in low else MISSING for rate in ("0.001", "0.01")),
        number(found["linkability"]),
        number(found["zebra_bits"]),
        "yes" if across else "no",
    ]


def _share(found: Figures, interval: str) -> str:
    return MISSING if found["share"] is None else f"{number(found['share'])} {_ends(found[interval])}"


def _ends(ends: Sequence[float]) -> str:
    return f"[{number(ends[0])}, {number(ends[1])}]"


def _interval(value: float, found: Figures) -> str:
    if found["low"] is None:
        return number(value)
    return f"{number(value)} {_ends((found['low'], found['high']))}"
