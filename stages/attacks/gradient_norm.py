"""Gradient norm: the loss of a fitted clip has a small gradient (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack

NAMES = ("gradient_norm_1", "gradient_norm_2", "gradient_norm_inf")


@clip_attack("gradient_norm")
def gradient_norm(sheet: Sheet) -> Columns:
    """Return ``gradient_norm_<p>``: the negated mean gradient norm, at most 0; no scores without the probe."""
    return {name: -sheet.probes[name] for name in NAMES if name in sheet.probes}
