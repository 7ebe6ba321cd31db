"""Sampling: how much of the transcript the target's sampled answers contain (SaMIA, arXiv 2404.11262)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, clip_attack
from stages.attacks.zlib import compressed_lengths


@clip_attack("sampling")
def sampling(sheet: Sheet) -> Columns:
    """Return ``sampling``, the overlap in [0, 1], and ``sampling_zlib``.

    ``sampling_zlib`` is the overlap times the number of bytes of the compressed transcript. The attack needs neither
    labels nor log-probabilities. It gives no scores without its probe.
    """
    if "sampling" not in sheet.probes:
        return {}
    overlap = sheet.probes["sampling"]
    return {"sampling": overlap, "sampling_zlib": np.asarray(overlap * compressed_lengths(sheet.rows.texts))}
