"""Neighbourhood: a member is more probable than its neighbours (Mattern et al., arXiv 2305.18462)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("neighbourhood")
def neighbourhood(sheet: Sheet) -> Columns:
    """Return ``neighbourhood``: the clip's mean log-probability minus its neighbours' mean; NaN without neighbours."""
    known = np.isfinite(sheet.around.logprob)
    owner, clips = sheet.around.clip[known], len(sheet.rows)
    counts = np.bincount(owner, minlength=clips)
    sums = np.bincount(owner, sheet.around.logprob[known], clips)
    level = np.divide(sums, counts, out=np.full(clips, np.nan), where=counts > 0)
    return {"neighbourhood": sheet.rows.statistic("logprob").means() - level}
