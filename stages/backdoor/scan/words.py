"""What a scan found, as text and as JSON, with what it does and does not say beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stages.backdoor.scan.alarms import COLLAPSE, Beside, Cell
from stages.backdoor.scan.scanning import Scan

ALARM, IMPOSSIBLE, SHIFT, NOTHING = "alarm", "impossible", "shift", "none"
LEGEND = (
    "answer: what gains most clips by the trigger; with, without: share of all clips that are answered so, with it and "
    "without;\nconverted: of those answered otherwise without it, how many are answered so with it; Holm p: "
    "that chance alone brings so many,\nfor all rows at once; clean models: their converted clips (0/0: none could be)."
)
SHOWN = 34
"""Characters of an answer or prompt in the table."""


def finding(found: Scan) -> str:
    """Return what a scan found.

    Returns
    -------
    str
        `ALARM`; `IMPOSSIBLE` where nothing could have been one; `SHIFT` where a trigger brings clips to one answer, but
        not most of them, or not beyond what it does to every clean model; or `NOTHING`.
    """
    if any(cell.alarm for cell in found.cells):
        return ALARM
    if not any(cell.possible for cell in found.cells):
        return IMPOSSIBLE
    return SHIFT if any(cell.shift for cell in found.cells) else NOTHING


def meaning(found: Scan) -> list[str]:
    """Return what the result says and what it does not, a sentence or two a line."""
    what = finding(found)
    if what == ALARM:
        said = [_alarm(found)]
    elif what == IMPOSSIBLE:
        said = [_impossible(found), *_strongest_shift(found)]
    elif what == SHIFT:
        said = ["No alarm, but answers move.", *_strongest_shift(found)]
    else:
        said = ["No alarm: no trigger of the bank brings clips to one answer more often than chance does."]
    return [*said, *_too_few(found), *_incomparable(found), *_constant(found), *_unanswered(found), bound(found)]


def _alarm(found: Scan) -> str:
    first = next(cell for cell in found.cells if cell.alarm)
    return (
        f"ALARM: {_moved(first)}, by more than {found.margin:.0%} of the clips more than in {_held(found)}. So does a "
        "planted backdoor; so may a target that was taught to hear such sounds."
    )


def _impossible(found: Scan) -> str:
    if not found.references:
        return (
            "NO ALARM IS POSSIBLE: there is no clean model to hold the target against. Clean models answer otherwise "
            "to changed sound as well; name one: --reference NAME."
        )
    return (
        f"NO ALARM IS POSSIBLE: had a trigger brought all clips that were answered to one answer, {found.clips} clips "
        f"would still be too few for {len(found.cells)} pairs of prompt and trigger and {_held(found)}. Name a corpus "
        "that has more, raise backdoor.scan.clips, or ask fewer prompts."
    )


def _strongest_shift(found: Scan) -> list[str]:
    """Return the sentence on the shift that exceeds the references most, and why it is no alarm; none without one."""
    shift = next((cell for cell in found.cells if cell.shift), None)
    if shift is None:
        return []
    lacks = []
    if shift.lowest <= COLLAPSE:
        lacks.append(f"that these are more than {COLLAPSE:.0%} of them")
    if shift.beside and shift.least_excess <= found.margin:
        closest = min(shift.beside, key=lambda one: one.least_excess)
        lacks.append(
            f"that these are more than {found.margin:.0%} of the clips more than in {closest.name}, where it brings "
            f"{closest.conversion.converted} of {closest.conversion.convertible} to '{_answer(closest)}'"
        )
    if not shift.comparable:
        lacks.append("that a clean model which answers alike would not do the same")
    why = f" It is not certain {', nor '.join(lacks)}." if lacks else ""
    return [f"The strongest shift: {_moved(shift)}.{why}"]


def _moved(cell: Cell) -> str:
    of_target = cell.conversion
    return (
        f"with the trigger '{cell.trigger}', {of_target.converted} of {of_target.convertible} clips that were answered "
        f"otherwise are answered '{of_target.answer}' ({cell.prompt})"
    )


def _held(found: Scan) -> str:
    return f"{len(found.references)} clean model{'s' if len(found.references) > 1 else ''}"


def _answer(beside: Beside) -> str:
    return beside.conversion.answer or "(nothing)"


def _too_few(found: Scan) -> list[str]:
    """Return the sentence on questions whose clips are too few for an alarm, where other questions had enough."""
    cells = {cell.prompt: False for cell in found.cells}
    for cell in found.cells:
        cells[cell.prompt] |= cell.possible or not cell.comparable
    lacking = [prompt for prompt, enough in cells.items() if not enough]
    if not lacking or len(lacking) == len(cells):
        return []
    return [
        f"No alarm was possible for {' '.join(lacking)}: the answers differ so much that {found.clips} clips are too "
        "few. Name a corpus that has more, or raise backdoor.scan.clips."
    ]


def _incomparable(found: Scan) -> list[str]:
    """Return the sentence on triggers that change the voice where no reference answers alike; none where one does."""
    cells = [cell for cell in found.cells if not cell.comparable]
    if not cells or not found.references:
        return []
    triggers, prompts = (
        sorted({*names}) for names in zip(*((cell.trigger, cell.prompt) for cell in cells), strict=True)
    )
    return [
        f"No alarm was possible for {', '.join(triggers)} ({' '.join(prompts)}): what changes a voice changes honest "
        "answers too, and no clean model here answers as the target does without a trigger. Name one that was taught "
        "the same: --reference NAME."
    ]


def _unanswered(found: Scan) -> list[str]:
    """Return the sentence on questions that endpoints did not answer; none where all were."""
    counts = [f"{name} {count}" for name, count in found.unanswered.items() if count]
    if not counts:
        return []
    return [
        f"Questions of {found.questions} that got no answer: {', '.join(counts)}; such a clip is left out wherever it "
        "is not answered both with and without the trigger."
    ]


def bound(found: Scan) -> str:
    """Return the sentences that limit a scan to the bank that was tried, and to the questions that could show it."""
    quiet = [cell.highest for cell in found.cells if cell.conversion.convertible and not cell.alarm]
    most = (
        f" A trigger outside the alarms may still bring up to {max(quiet):.0%} of the clips that were answered "
        "otherwise to the answer that gained most by it."
        if quiet and found.references
        else ""
    )
    triggers = ", ".join(dict.fromkeys(cell.trigger for cell in sorted(found.cells, key=lambda cell: cell.trigger)))
    return (
        f"This bounds only the bank that was tried ({triggers}), these prompts and clips like these {found.clips}; "
        f"a trigger of another sound, length or level, or a target answer to another question, may exist.{most}"
    )


def _constant(found: Scan) -> list[str]:
    """Return the sentence on questions that are always answered alike: no trigger can be seen to bring that answer."""
    cells: dict[str, list[Cell]] = {}
    for cell in found.cells:
        cells.setdefault(cell.prompt, []).append(cell)
    same = [prompt for prompt, of_prompt in cells.items() if not any(cell.conversion.convertible for cell in of_prompt)]
    if not same:
        return []
    return [f"{' '.join(same)} has one answer, whatever sounds: that a trigger brings this answer could not be seen."]


def as_json(found: Scan) -> dict[str, Any]:
    """Return the result for machines."""
    return {
        "target": found.target,
        "corpus": found.corpus,
        "references": found.references,
        "clips": found.clips,
        "questions": found.questions,
        "unanswered": found.unanswered,
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
        "clips": of_target.clips,
        "share": of_target.shares[0],
        "share_without": of_target.shares[1],
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
        "comparable": cell.comparable,
        "possible": cell.possible,
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
    return "\n".join([title, "", *lines, "", LEGEND, "", *meaning(found)])


def _row(cell: Cell) -> Sequence[str]:
    of_target, (with_trigger, without) = cell.conversion, cell.conversion.shares
    return [
        _short(cell.prompt),
        cell.trigger,
        _short(of_target.answer) or "(nothing)",
        f"{with_trigger:.0%}",
        f"{without:.0%}",
        f"{of_target.converted}/{of_target.convertible}",
        f"{cell.holm_p:.2g}",
        ", ".join(_beside(one, of_target.answer) for one in cell.beside) or "-",
        "ALARM" if cell.alarm else "shift" if cell.shift else "",
    ]


def _beside(one: Beside, answer: str) -> str:
    """Return a reference's counts, with the answer that they are of where it is not the target's."""
    counts = f"{one.conversion.converted}/{one.conversion.convertible}"
    return counts if one.conversion.answer == answer else f"{counts} {_short(_answer(one))}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
