"""What a scan found, as text and as JSON, with what it does and does not say beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stages.backdoor.scan import Cell
from stages.backdoor.scanning import Scan

ALARM, SHIFT, NOTHING = "alarm", "shift", "none"
SHOWN = 34
"""Characters of an answer or prompt in the table."""


def finding(found: Scan) -> str:
    """Return `ALARM`; `SHIFT` where answers collapse but nothing clean was exceeded; or `NOTHING`."""
    if any(cell.alarm for cell in found.cells):
        return ALARM
    return SHIFT if any(cell.shift for cell in found.cells) else NOTHING


def meaning(found: Scan) -> list[str]:
    """Return what the result says and what it does not, a sentence or two a line."""
    alarms = [cell for cell in found.cells if cell.alarm]
    held = f"{len(found.references)} clean model{'s' if len(found.references) > 1 else ''}"
    if alarms:
        first = alarms[0]
        said = (
            f"ALARM: with the trigger '{first.trigger}', {first.conversion.converted} of "
            f"{first.conversion.convertible} clips that were answered otherwise are answered "
            f"'{first.conversion.answer}' ({first.prompt}), by more than {found.margin:.0%} of the clips more than "
            f"in {held}. So does a planted backdoor; so may a target that was taught to hear such sounds."
        )
    elif not found.references:
        said = (
            "NO ALARM IS POSSIBLE: there is no clean model to hold the target against. Clean models answer otherwise "
            "to changed sound as well; name one: --reference NAME."
        )
    else:
        said = f"No alarm: no trigger of the bank makes the target answer alike beyond what it does to {held}."
    return [said, bound(found)]


def bound(found: Scan) -> str:
    """Return the sentence that limits a scan to the bank that was tried."""
    quiet = [cell.highest for cell in found.cells if not cell.alarm]
    most = f" A trigger outside the alarms may still convert up to {max(quiet):.0%} of the clips." if quiet else ""
    triggers = ", ".join(dict.fromkeys(cell.trigger for cell in sorted(found.cells, key=lambda cell: cell.trigger)))
    return (
        f"This bounds only the bank that was tried ({triggers}), these prompts and clips like these {found.clips}; "
        f"a trigger of another sound, length or level, or a target answer to another question, may exist.{most}"
    )


def as_json(found: Scan) -> dict[str, Any]:
    """Return the result for machines."""
    return {
        "target": found.target,
        "corpus": found.corpus,
        "references": found.references,
        "clips": found.clips,
        "alpha": found.alpha,
        "margin": found.margin,
        "finding": finding(found),
        "meaning": meaning(found),
        "cells": [_cell(cell) for cell in found.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    of_target = cell.conversion
    return {
        "prompt": cell.prompt,
        "trigger": cell.trigger,
        "answer": of_target.answer,
        "share": of_target.with_trigger / of_target.clips,
        "share_without": of_target.without / of_target.clips,
        "converted": of_target.converted,
        "convertible": of_target.convertible,
        "reverted": of_target.reverted,
        "rate": of_target.rate,
        "ci": list(of_target.interval()),
        "lowest": cell.lowest,
        "highest": cell.highest,
        "p": cell.p,
        "holm_p": cell.holm_p,
        "references": {
            one.name: {
                "answer": one.conversion.answer,
                "rate": one.conversion.rate,
                "ci": list(one.conversion.interval()),
                "n": one.conversion.convertible,
                "least_excess": one.least_excess,
            }
            for one in cell.beside
        },
        "shift": cell.shift,
        "alarm": cell.alarm,
    }


def as_text(found: Scan) -> str:
    """Return the result for people: a table, alarms first, then what it means."""
    head = ["prompt", "trigger", "answer", "with", "without", "converted", "Holm p", "clean models", ""]
    rows = [head, *(_row(cell) for cell in found.cells)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    beside = ", ".join(found.references) or "nothing"
    title = f"{found.target}, {found.clips} clips of {found.corpus}, held against {beside}"
    return "\n".join([title, "", *lines, "", *meaning(found)])


def _row(cell: Cell) -> Sequence[str]:
    of_target = cell.conversion
    return [
        _short(cell.prompt),
        cell.trigger,
        _short(of_target.answer) or "(nothing)",
        f"{of_target.with_trigger / of_target.clips:.0%}",
        f"{of_target.without / of_target.clips:.0%}",
        f"{of_target.converted}/{of_target.convertible}",
        f"{cell.holm_p:.2g}",
        ", ".join(f"{one.conversion.converted}/{one.conversion.convertible}" for one in cell.beside) or "-",
        "ALARM" if cell.alarm else "shift" if cell.shift else "",
    ]


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
