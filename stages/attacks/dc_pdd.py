"""DC-PDD: probabilities calibrated by each token's frequency (Zhang et al., arXiv 2409.14781, eq. 6)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, clip_attack

LARGEST = 0.01
"""Upper bound of one token's contribution, so that no single rare token decides the score."""


@clip_attack("dc_pdd")
def dc_pdd(sheet: Sheet) -> Columns:
    """Return ``dc_pdd``: the mean over distinct tokens of min(0.01, p · log(1 / frequency)), in [0, 0.01].

    The frequencies come from the audit's own transcripts, members and non-members together, with one added to each
    count (Laplace). The paper takes them from a large text corpus. Each token counts at its first occurrence only.
    """
    rows, ids, first = sheet.rows, sheet.rows.token_ids, sheet.rows.first_occurrences()
    if ids is None or first is None:
        return {}
    kinds, kind, counts = np.unique(ids, return_inverse=True, return_counts=True)
    surprise = -np.log((counts + 1) / (len(ids) + len(kinds) + 1))
    share = np.minimum(LARGEST, np.exp(rows.statistics["logprob"]) * surprise[kind])
    return {"dc_pdd": rows.ragged(np.where(first, share, np.nan)).means()}
