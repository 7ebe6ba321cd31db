"""SURP: how improbable the tokens are that the target predicts confidently and wrongly (arXiv 2407.21248)."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Ints, count_of, percent
from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows

MAX_ENTROPY = 2.0
"""Shannon entropy in nats below which a prediction is confident."""


@row_attack("surp", needs=("logprob", "renyi_1"))
def surp(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``surp@<percent>``: the mean log-probability of the surprising tokens, in nats, at most 0.

    A token is surprising if it is among the least probable share of its row's tokens, and the entropy of its prediction
    is below 2 nats. The score is 0 if no token is surprising, because training data surprises less. Published code
    gives such a row -100, the lowest score. The score is NaN for a row without log-probabilities or entropies.
    """
    logprob, own = rows.statistic("logprob"), rows.statistics["logprob"]
    held: slice | Ints = slice(None) if logprob.lengths.all() else np.flatnonzero(logprob.lengths)
    scores = np.full((len(settings.shares), len(rows)), np.nan)
    if len(logprob.values):
        counts = count_of(np.array(settings.shares)[:, None], logprob.lengths[held])
        highest = np.full(scores.shape, -np.inf)
        highest[:, held] = logprob.ordered.values[logprob.offsets[:-1][held] + counts - 1]
        chosen = (rows.statistics["renyi_1"] < MAX_ENTROPY) & (own <= highest[:, rows.owner])
        begins = rows.offsets[:-1][held]
        sums = np.add.reduceat(np.where(chosen, own, 0.0), begins, axis=1)
        scores[:, held] = sums / np.maximum(np.add.reduceat(chosen, begins, axis=1, dtype=np.intp), 1)
        scores[:, rows.statistic("renyi_1").lengths == 0] = np.nan
    return {f"surp@{percent(share)}": column for share, column in zip(settings.shares, scores, strict=True)}
