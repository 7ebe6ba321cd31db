"""Curvature: a member is said to lie where the loss curves upwards in the input (FiMMIA's critique, 2512.02786)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack

NAMES = ("curvature_trace", "curvature_smallest", "curvature_largest")


@clip_attack("curvature")
def curvature(sheet: Sheet) -> Columns:
    """Return the trace and the extreme eigenvalues of the loss's Hessian in the sound's embeddings.

    The theory under test says that they are larger for members; an AUC below 0.5 speaks against it. There are no scores
    without the probe.
    """
    return {name: sheet.probes[name] for name in NAMES if name in sheet.probes}
