"""Augmentation-KL: changed audio moves the predictions for members most (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("augmentation_kl")
def augmentation_kl(sheet: Sheet) -> Columns:
    """Return ``augmentation_kl``: the mean divergence from audio neighbours, in nats per token, at least 0.

    There are no scores without the probe.
    """
    return {"augmentation_kl": sheet.probes["augmentation_kl"]} if "augmentation_kl" in sheet.probes else {}
