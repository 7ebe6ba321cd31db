"""`metrics.json`: the figures by which corpora are compared, from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.config.section import NONE
from stages.core.results.flat import Headlines, bounded


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return how well membership is told from the fused features, and on which clips a finding could rest."""
    clips, fused, population = details["clips"], details["blind"]["fused"], details["population"]
    return {
        **bounded("auc", fused["auc"], fused["auc_ci"]),
        "p": fused["permutation_p"],
        "n": clips["member"] + clips["non_member"],
        "speakers": clips["speakers"],
        "population": population["kind"] or NONE,
        "population_n": population["member"] + population["non_member"],
    }
