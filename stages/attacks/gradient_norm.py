"""Gradient norm: what is fitted already pulls little at the weights (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack

NAMES = ("gradient_norm_1", "gradient_norm_2", "gradient_norm_inf")


@clip_attack("gradient_norm")
def gradient_norm(sheet: Sheet) -> Columns:
    """Return ``gradient_norm_<p>``: the negated mean norm of the gradient, at most 0; absent without its probe."""
    return {name: -sheet.probes[name] for name in NAMES if name in sheet.probes}
