"""Min-K%: the mean of the least probable tokens' log-probabilities (Shi et al., arXiv 2310.16789)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings, count_of, percent


@ROW_ATTACKS.register("min_k")
def min_k(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``min_k@<percent>`` for every share; at least one token is taken."""
    ordered = np.sort(row.statistics["logprob"])
    return {
        f"min_k@{percent(share)}": float(ordered[: count_of(share, len(ordered))].mean()) for share in settings.shares
    }
