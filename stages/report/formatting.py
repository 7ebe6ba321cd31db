"""Figures of artifacts as text, in the same form in every section. A missing figure is a dash, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.words.figures import estimate

Figures = Mapping[str, Any]
"""The content of a JSON artifact."""


def estimate_text(found: Figures | None) -> str:
    """Return an AUC or a rate with its interval, such as ``0.84 [0.80, 0.88]``; a dash if there is no value."""
    return estimate(found.get("auc"), found.get("auc_ci")) if found else estimate(None, None)
