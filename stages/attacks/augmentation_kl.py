"""Augmentation-KL: changed audio moves what is memorised most (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("augmentation_kl")
def augmentation_kl(sheet: Sheet) -> Columns:
    """Return ``augmentation_kl``: the mean divergence from audio neighbours, in nats a token, at least 0.

    Absent without its probe.
    """
    return {"augmentation_kl": sheet.probes["augmentation_kl"]} if "augmentation_kl" in sheet.probes else {}
