"""The base of all results: frozen models that refuse undeclared keys, with one way to become a plain dict."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from stages.core.results.flat import Figure

Code = TypeVar("Code", bound=str)

Interval = tuple[float | None, float | None]
"""Lower and upper end, at 95 % unless a field says otherwise; null if an end is not defined."""


class Result(BaseModel):
    """A part of what an audit finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def plain(self) -> dict[str, Any]:
        """Return the result as dicts, lists, numbers and strings."""
        return self.model_dump(mode="json")


class Reason(Result, Generic[Code]):
    """A reason: its code, and the figures in its sentence. `stages.core.words` makes the sentence."""

    code: Code
    figures: dict[str, Figure]

    @classmethod
    def of(cls, code: Code, **figures: Figure) -> Self:
        """Return a reason with its figures."""
        return cls(code=code, figures=figures)
