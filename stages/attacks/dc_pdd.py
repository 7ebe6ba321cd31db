"""DC-PDD: probabilities calibrated by each token's frequency (Zhang et al., arXiv 2409.14781, eq. 6)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, clip_attack

BOUND = 0.9
"""Share of the audit's contributions that the bound leaves as they are, so that no few rare tokens decide a score."""


@clip_attack("dc_pdd")
def dc_pdd(sheet: Sheet) -> Columns:
    """Return ``dc_pdd``: the mean over distinct tokens of min(bound, p · log(1 / frequency)), at least 0, in nats.

    The frequencies come from the audit's own transcripts, members and non-members together, with one added to each
    count (Laplace). The paper takes them from a large text corpus. Each token counts at its first occurrence only.
    The bound is the 90th percentile of all contributions of the audit. The paper's 0.01 suits language models, which
    find most tokens improbable. A model that hears the words finds them probable: with 0.01, nearly every token is at
    the bound, and clips have equal scores.
    """
    rows, ids, first = sheet.rows, sheet.rows.token_ids, sheet.rows.first_occurrences()
    if ids is None or first is None:
        return {}
    kinds, kind, counts = np.unique(ids, return_inverse=True, return_counts=True)
    surprise = -np.log((counts + 1) / (len(ids) + len(kinds) + 1))
    share = np.where(first, np.exp(rows.statistics["logprob"]) * surprise[kind], np.nan)
    known = share[np.isfinite(share)]
    bound = np.quantile(known, BOUND) if len(known) else np.inf
    return {"dc_pdd": rows.ragged(np.minimum(bound, share)).means()}
