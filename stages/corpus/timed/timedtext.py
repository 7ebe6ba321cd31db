"""A stretch of a transcript with its times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple


class TimedText(NamedTuple):
    """A word or a sentence, and when it is spoken.

    Attributes
    ----------
    start, end : float
        In seconds from the beginning of the recording.
    text : str
    speaker : str
        Blank if unknown.
    """

    start: float
    end: float
    text: str
    speaker: str = ""


class UntimedError(Exception):
    """A file or a cell that does not hold the form that it seems to have. The message is a phrase for people."""


def in_order(units: Iterable[TimedText]) -> list[TimedText]:
    """Return the units that have a text, in the order in which they begin.

    Raises
    ------
    UntimedError
        For a time that is no finite number, or an end before its start.
    """
    spoken = [unit for unit in units if unit.text.strip()]
    for unit in spoken:
        if not (math.isfinite(unit.start) and math.isfinite(unit.end) and 0 <= unit.start <= unit.end):
            raise UntimedError(f"the times {unit.start} to {unit.end} are no stretch of time")
    return sorted(spoken, key=lambda unit: (unit.start, unit.end))
