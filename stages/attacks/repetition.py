"""Repetition: a member gains little from being told once more (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("repetition")
def repetition(sheet: Sheet) -> Columns:
    """Return ``camia_repetition``: the negated drop of the loss in a second telling, in nats a token.

    Absent without its probe.
    """
    return {"camia_repetition": -sheet.probes["repetition"]} if "repetition" in sheet.probes else {}
