"""What a cell of a list says as text. Only text, numbers, truth values, dates and nulls have one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from stages.core.errors import EarwitnessError

_WHOLE = re.compile(r"[+-]?\d+\.0+")


@dataclass(frozen=True)
class NoText:
    """Stands for a value that has no text, such as bytes or a list; `kind` says what it is."""

    kind: str


class NotTextError(EarwitnessError):
    """A cell whose value is no text."""


def as_text(value: object) -> str:
    """Return a cell's text.

    A null, a float that is not finite (as programs write a missing number) and an empty text are blank. A whole
    number is written without a decimal point, because programs turn a column of whole numbers with gaps into floats.
    Text stays as it is, also 'null', 'nan' and '1e5'.

    Raises
    ------
    NotTextError
        For bytes and nested values. The message is a phrase: 'holds bytes, not text'.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, int | date | time):
        return str(value)
    raise NotTextError(f"holds {kind_of(value)}, not text")


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        return ""
    whole = int(value)
    return str(whole) if value == whole and abs(whole) < 2**63 else str(value)


def as_name(value: object) -> str:
    """Return the text of a speaker or a session: as `as_text`, without outer spaces, and '1089.0' is '1089'."""
    text = as_text(value).strip()
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def kind_of(value: object) -> str:
    """Return what a value that has no text is, in words."""
    if isinstance(value, NoText):
        return value.kind
    if isinstance(value, bytes | bytearray | memoryview):
        return "bytes"
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, dict) else f"a value of type {type(value).__name__}"
