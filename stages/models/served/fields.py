"""Read the JSON of a server's answer field by field: a field that is not what it should be is named by its path."""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST = 2**53
"""Bound of counts and token ids: whole numbers below it are exact in a float of 64 bits."""


class Refused(Exception):
    """The endpoint gives no usable answer to this one question; further attempts would not help.

    The message completes "it ...", as in "it answers status 400".

    Parameters
    ----------
    reason : str
    status : int or None
        The status of the server's answer, if the server refused the question.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Field:
    """A value in an answer, with its path, such as ``choices[0].message``.

    The methods raise `Refused` if the value is not of the kind that they return.
    """

    value: object
    path: str = ""

    def known(self, key: str) -> Field | None:
        """Return the field below a key; None if there is no such key, or if it holds null."""
        if not isinstance(self.value, dict):
            raise self.unfit("no object")
        found = self.value.get(key)
        return None if found is None else Field(found, f"{self.path}.{key}" if self.path else key)

    def need(self, key: str) -> Field:
        """Return the field below a key, which must be there."""
        found = self.known(key)
        if found is None:
            whole = f"{self.path}.{key}" if self.path else key
            assert isinstance(self.value, dict)
            raise Refused(f"gives {whole} as null" if key in self.value else f"gives no {whole}")
        return found

    def items(self) -> list[Field]:
        """Return the fields of a list."""
        if not isinstance(self.value, list):
            raise self.unfit("no list")
        return [Field(item, f"{self.path}[{at}]") for at, item in enumerate(self.value)]

    def entries(self) -> dict[str, Field]:
        """Return the fields of an object."""
        if not isinstance(self.value, dict):
            raise self.unfit("no object")
        return {key: Field(value, f"{self.path}[{key!r}]") for key, value in self.value.items()}

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.unfit("no text")
        return self.value

    def number(self) -> float:
        """Return a number, which may be infinite; NaN is none."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or math.isnan(self.value):
            raise self.unfit("no number")
        return float(self.value)

    def whole(self) -> int:
        """Return an integer that is not negative, and small enough for a table's column."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not 0 <= self.value < LARGEST:
            raise self.unfit("no count")
        return self.value

    def unfit(self, fault: str) -> Refused:
        """Return the error for a value that is not what it should be."""
        shown = repr(self.value)
        shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
        return Refused(f"gives {self.path or 'an answer'} that is {fault}: {'null' if self.value is None else shown}")
