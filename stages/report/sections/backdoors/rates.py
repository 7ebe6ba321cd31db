"""Rates as text; a missing rate is a dash."""

from __future__ import annotations

from stages.core.words.figures import MISSING
from stages.report.formatting import Figures


def share(found: Figures | None) -> str:
    """Return a rate with its interval and n, such as ``97 % [92, 99] of 65``; a dash if there is none."""
    if not found or found.get("rate") is None:
        return MISSING
    low, high = found["ci"]
    return f"{found['rate']:.0%} [{low * 100:.0f}, {high * 100:.0f}] of {found['n']}".replace("%", "\u00a0%")
