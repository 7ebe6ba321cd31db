"""Whether target and reference are run alike, so that their scores can be compared.

Another engine, dtype or quantisation moves scores by up to 0.3 nats a token. The negative control would then compare
how the two are run, not what they remember.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.core.results.membership import MembershipReason

ENDPOINT = "endpoint"
"""The architecture of a target that a server runs."""


def run_otherwise(target: Mapping[str, Any], reference: Mapping[str, Any]) -> MembershipReason | None:
    """Return why a reference is of no use because it is run otherwise than the target; None if both are run alike.

    Parameters
    ----------
    target, reference : mapping
        As in `data/target/<name>/target.json`. Two served models count as run alike: what a server does is not stated.
    """
    here, there = _run(target), _run(reference)
    if here == there:
        return None
    return MembershipReason.of("reference_run_otherwise", target=here, reference=there)


def _run(record: Mapping[str, Any]) -> str:
    """Return how a target is run, in words."""
    if record.get("architecture") == ENDPOINT:
        return "served by an endpoint"
    quantization, method = record.get("quantization", "none"), record.get("published_quantization", "")
    stored = f", published quantised ({method})" if method else ""
    rounded = "" if quantization == "none" else f", quantised to {quantization}"
    return f"run here in {record.get('dtype')}{rounded}{stored}"
