"""Figures as text, alike in every section. A figure that is missing is a dash, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]
"""What a JSON artifact holds."""

MISSING = "\u2013"
"""A dash, for a figure that there is not."""


def short(name: str) -> str:
    """Return an attack's name without what goes without saying: the first instruction, the given transcript."""
    return name.removesuffix("/transcript/given/0")


def number(value: float | None) -> str:
    """Return a figure with two decimals; a dash where there is none."""
    return MISSING if value is None else f"{value:.2f}".replace("-", "\u2212")


def probability(value: float | None) -> str:
    """Return a p value with as many decimals as it deserves."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def estimate_text(found: Figures | None) -> str:
    """Return an AUC or a rate with its interval, such as ``0.84 [0.80, 0.88]``."""
    if not found or found.get("auc") is None:
        return MISSING
    low, high = found.get("auc_ci") or (None, None)
    return number(found["auc"]) if low is None else f"{number(found['auc'])} [{number(low)}, {number(high)}]"
