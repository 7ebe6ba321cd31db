"""Repetition: a member gains little from being told once more (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from stages.attacks.registry import CLIP_ATTACKS, Columns, Sheet


@CLIP_ATTACKS.register("repetition")
def repetition(sheet: Sheet) -> Columns:
    """Return ``camia_repetition``: the negated drop of the loss in a second telling, in nats a token.

    Absent without its probe.
    """
    return {"camia_repetition": -sheet.probes["repetition"]} if "repetition" in sheet.probes else {}
