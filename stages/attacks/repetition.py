"""Repetition: a second copy of the transcript lowers a member's loss little (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("repetition")
def repetition(sheet: Sheet) -> Columns:
    """Return ``camia_repetition``: the negated drop of the loss in the second copy, in nats per token.

    There are no scores without the probe.
    """
    return {"camia_repetition": -sheet.probes["repetition"]} if "repetition" in sheet.probes else {}
