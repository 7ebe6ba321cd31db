"""Min-K%++: Min-K% on log-probabilities that are standardised at each position (arXiv 2404.02936, eq. 3)."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import percent
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows

MIN_VARIANCE = 1e-6
"""Smallest standard deviation. Below it the target is certain of the token; the floor keeps z finite."""


@row_attack("min_k_pp", needs=("logprob", "mean_logprob", "var_logprob"))
def min_k_pp(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``min_k_pp@<percent>`` for every share, in standard deviations; at least one token is taken."""
    own = rows.statistics
    deviation = np.sqrt(np.maximum(own["var_logprob"], MIN_VARIANCE))
    extremes = rows.ragged((own["logprob"] - own["mean_logprob"]) / deviation).extremes(settings.shares)
    return {f"min_k_pp@{percent(share)}": lowest for share, (lowest, _) in zip(settings.shares, extremes, strict=True)}
