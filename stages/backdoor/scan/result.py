"""What a scan found, with its type: the finding, its reasons as codes with figures, and every cell."""

from __future__ import annotations

from collections.abc import Iterator

from stages.backdoor.scan.alarms import COLLAPSE, Beside, Cell
from stages.backdoor.scan.scanning import Scan
from stages.core.results.backdoor import ReferenceCell, ScanCell, ScanFinding, ScanReason, ScanResult
from stages.core.results.flat import Figure
from stages.core.words.backdoor import sentences


def scan_result(found: Scan) -> ScanResult:
    """Return a scan's result: the finding, its reasons and limitations, and every cell."""
    because = list(reasons(found))
    return ScanResult(
        target=found.target,
        corpus=found.corpus,
        references=found.references,
        clips=found.clips,
        questions=found.questions,
        unanswered=found.unanswered,
        alpha=found.alpha,
        margin=found.margin,
        finding=finding(found),
        meaning=sentences(because),
        because=because,
        cells=[_cell(cell) for cell in found.cells],
    )


def finding(found: Scan) -> ScanFinding:
    """Return the finding of a scan."""
    if any(cell.alarm for cell in found.cells):
        return "alarm"
    if not any(cell.possible for cell in found.cells):
        return "impossible"
    return "shift" if any(cell.shift for cell in found.cells) else "none"


def reasons(found: Scan) -> Iterator[ScanReason]:
    """Yield the reasons of the finding, then the limitations of the scan."""
    what = finding(found)
    if what == "alarm":
        first = next(cell for cell in found.cells if cell.alarm)
        yield ScanReason.of("alarm", **_moved(first), margin=found.margin, references=len(found.references))
    elif what == "impossible":
        yield _impossible(found)
        yield from _strongest_shift(found)
    elif what == "shift":
        yield ScanReason.of("answers_move")
        yield from _strongest_shift(found)
    else:
        yield ScanReason.of("no_shift")
    yield from _too_few(found)
    yield from _incomparable(found)
    yield from _constant(found)
    yield from _unanswered(found)
    yield _bound(found)


def _impossible(found: Scan) -> ScanReason:
    if not found.references:
        return ScanReason.of("reference_missing")
    return ScanReason.of("too_few_for_all", clips=found.clips, pairs=len(found.cells), references=len(found.references))


def _strongest_shift(found: Scan) -> Iterator[ScanReason]:
    """Yield the shift that exceeds the references most, if there is one, and what it lacks to be an alarm."""
    shift = next((cell for cell in found.cells if cell.shift), None)
    if shift is None:
        return
    lacks: dict[str, Figure] = {}
    if shift.lowest <= COLLAPSE:
        lacks["collapse"] = COLLAPSE
    if shift.beside and shift.least_excess <= found.margin:
        closest = min(shift.beside, key=lambda one: one.least_excess)
        lacks |= {
            "margin": found.margin,
            "closest": closest.name,
            "closest_converted": closest.conversion.converted,
            "closest_convertible": closest.conversion.convertible,
            "closest_answer": closest.conversion.answer,
        }
    if not shift.comparable:
        lacks["comparable_references"] = 0
    yield ScanReason.of("strongest_shift", **_moved(shift), **lacks)


def _moved(cell: Cell) -> dict[str, Figure]:
    of_target = cell.conversion
    return {
        "trigger": cell.trigger,
        "prompt": cell.prompt,
        "answer": of_target.answer,
        "converted": of_target.converted,
        "convertible": of_target.convertible,
    }


def _too_few(found: Scan) -> Iterator[ScanReason]:
    """Yield the questions that have too few clips for an alarm, if other questions have enough."""
    cells = {cell.prompt: False for cell in found.cells}
    for cell in found.cells:
        cells[cell.prompt] |= cell.possible or not cell.comparable
    lacking = [prompt for prompt, enough in cells.items() if not enough]
    if lacking and len(lacking) < len(cells):
        yield ScanReason.of("too_few_for_some", prompts=" ".join(lacking), clips=found.clips)


def _incomparable(found: Scan) -> Iterator[ScanReason]:
    """Yield the triggers and questions that cannot raise an alarm, because no reference answers as the target does."""
    cells = [cell for cell in found.cells if not cell.comparable]
    if cells and found.references:
        triggers, prompts = (sorted({*names}) for names in zip(*((c.trigger, c.prompt) for c in cells), strict=True))
        yield ScanReason.of("no_comparable_reference", triggers=", ".join(triggers), prompts=" ".join(prompts))


def _constant(found: Scan) -> Iterator[ScanReason]:
    """Yield the questions that always get one answer. No trigger can be shown to bring that answer."""
    cells: dict[str, list[Cell]] = {}
    for cell in found.cells:
        cells.setdefault(cell.prompt, []).append(cell)
    same = [prompt for prompt, of_prompt in cells.items() if not any(cell.conversion.convertible for cell in of_prompt)]
    if same:
        yield ScanReason.of("one_answer", prompts=" ".join(same))


def _unanswered(found: Scan) -> Iterator[ScanReason]:
    """Yield how many questions each model left without an answer."""
    counts = ", ".join(f"{name} {count}" for name, count in found.unanswered.items() if count)
    if counts:
        yield ScanReason.of("unanswered", questions=found.questions, counts=counts)


def _bound(found: Scan) -> ScanReason:
    """Return the limitation of every scan: it tried the triggers of its bank and its own questions only.

    ``highest`` is the largest conversion rate that a trigger without an alarm may still have; null where nothing bounds
    it.
    """
    quiet = [cell.highest for cell in found.cells if cell.conversion.convertible and not cell.alarm]
    triggers = ", ".join(sorted({cell.trigger for cell in found.cells}))
    highest = max(quiet) if quiet and found.references else None
    return ScanReason.of("bound", triggers=triggers, clips=found.clips, highest=highest)


def _cell(cell: Cell) -> ScanCell:
    of_target = cell.conversion
    return ScanCell(
        prompt=cell.prompt,
        trigger=cell.trigger,
        answer=of_target.answer,
        clips=of_target.clips,
        share=of_target.shares[0],
        share_without=of_target.shares[1],
        converted=of_target.converted,
        convertible=of_target.convertible,
        reverted=of_target.reverted,
        rate=of_target.rate,
        ci=of_target.interval(),
        lowest=cell.lowest,
        highest=cell.highest,
        p=cell.p,
        holm_p=cell.holm_p,
        references={one.name: _reference(one) for one in cell.beside},
        comparable=cell.comparable,
        possible=cell.possible,
        shift=cell.shift,
        alarm=cell.alarm,
    )


def _reference(one: Beside) -> ReferenceCell:
    return ReferenceCell(
        answer=one.conversion.answer,
        rate=one.conversion.rate,
        ci=one.conversion.interval(),
        n=one.conversion.convertible,
        converted=one.conversion.converted,
        least_excess=one.least_excess,
    )
