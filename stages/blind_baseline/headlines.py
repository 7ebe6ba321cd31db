"""`metrics.json`: the figures by which corpora are compared, from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.config.section import NONE
from stages.core.results.flat import Headlines, bounded


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return the blind AUC of all features and the population, under the same keys as an audit's headlines."""
    clips, fused, population = details["clips"], details["blind"]["fused"], details["population"]
    return {
        **bounded("blind_auc", fused["auc"], fused["auc_ci"]),
        "n": clips["member"] + clips["non_member"],
        "speakers": clips["speakers"],
        "population": population["kind"] or NONE,
        "members": population["member"],
        "non_members": population["non_member"],
        "population_blind_auc": population["blind_auc"],
    }
