"""`metrics.json`: the figures by which experiments are compared, from `details.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.results.flat import Headlines, bounded


def headlines(details: Mapping[str, Any]) -> Headlines:
    """Return the attack's rate beside its controls, what the victim lost, and what the scan says of both models."""
    aer, controls, benign = details["aer"], details["controls"], details["benign"]
    found: Headlines = {
        **bounded("aer", aer["rate"], aer["ci"]),
        "n": aer["n"],
        "random_sound_aer": controls["victim_random_sound"]["rate"],
        "twin_aer": controls["twin_triggered"]["rate"],
        "benign_lost": benign["victim_worse_by"]["value"],
    }
    return found | {f"{model}_scan": scan["finding"] for model, scan in details.get("scan", {}).items()}
