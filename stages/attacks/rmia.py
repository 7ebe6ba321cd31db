"""RMIA: how often a clip's likelihood ratio exceeds another clip's (Zarifzadeh et al., arXiv 2312.03262, eq. 3)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, reference_attack

OFFSET = 0.3
"""`a` of the offline form, which estimates a clip's probability under a model that saw it from one that did not."""
GAMMA = 1.0


@reference_attack("rmia")
def rmia(target: Sheet, reference: Sheet) -> Columns:
    """Return ``rmia``: the share of the audit's other clips z with LR(x) / LR(z) > 1, in [0, 1].

    LR(x) = s(x) / P(x), where s = exp(mean log-probability) under the target. In the offline form
    P = ((1 + a) · s under the reference + 1 - a) / 2 with a = 0.3. The population is the audit itself, members and
    non-members together, so that no label is used. The score is NaN if fewer than two clips have a ratio.
    """
    signal, out = (np.exp(sheet.rows.statistic("logprob").means()) for sheet in (target, reference))
    ratio = signal / (((1 + OFFSET) * out + 1 - OFFSET) / 2)
    known = np.isfinite(ratio)
    if known.sum() < 2:
        return {"rmia": np.full(len(ratio), np.nan)}
    population = np.sort(ratio[known])
    below = np.searchsorted(population, ratio / GAMMA, side="left")
    return {"rmia": np.where(known, below / (known.sum() - 1), np.nan)}
