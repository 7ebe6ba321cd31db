"""`metrics.json`: the figures that compare detectors, taken from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.results.flat import Headlines, bounded


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return the out-of-fold AUCs of the network and of the best single neighbour, and what labels by model detect."""
    found: Headlines = {
        **bounded("auc", details["auc"], details["auc_ci"]),
        "n": details["clips"],
        "single_neighbour_auc": details.get("single_neighbour", {}).get("auc"),
    }
    if "by_model" in details:
        found["detects"] = details["by_model"]["detects"]
    return found
