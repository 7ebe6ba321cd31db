"""The base of all results: frozen models that refuse undeclared keys, with one way to become a plain dict."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

Interval = tuple[float | None, float | None]
"""Lower and upper end, at 95 % unless a field says otherwise; null if an end is not defined."""


class Result(BaseModel):
    """A part of what an audit finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def plain(self) -> dict[str, Any]:
        """Return the result as dicts, lists, numbers and strings."""
        return self.model_dump(mode="json")
