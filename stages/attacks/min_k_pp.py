"""Min-K%++: as Min-K%, on log-probabilities standardised by the row's own distribution (arXiv 2404.02936, eq. 3)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings, count_of, percent

MIN_VARIANCE = 1e-6
"""Below it a distribution is certain and its deviation says nothing; the floor keeps z finite."""


@ROW_ATTACKS.register("min_k_pp")
def min_k_pp(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``min_k_pp@<percent>`` for every share, in deviations; at least one token is taken."""
    deviation = np.sqrt(np.maximum(row.statistics["var_logprob"], MIN_VARIANCE))
    ordered = np.sort((row.statistics["logprob"] - row.statistics["mean_logprob"]) / deviation)
    return {
        f"min_k_pp@{percent(share)}": float(ordered[: count_of(share, len(ordered))].mean())
        for share in settings.shares
    }
