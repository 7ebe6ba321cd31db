"""Min-K% and Max-K%: means of the least or most probable tokens' log-probabilities (Shi et al., arXiv 2310.16789)."""

from __future__ import annotations

from stages.attacks.ragged import percent
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("min_k", needs=("logprob",))
def min_k(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``min_k@<percent>`` and ``max_k@<percent>`` for every share, in nats; at least one token is taken."""
    found: Columns = {}
    extremes = rows.statistic("logprob").extremes(settings.shares)
    for share, (lowest, highest) in zip(settings.shares, extremes, strict=True):
        found[f"min_k@{percent(share)}"] = lowest
        found[f"max_k@{percent(share)}"] = highest
    return found
