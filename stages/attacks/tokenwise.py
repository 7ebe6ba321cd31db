"""Compare two targets token by token, for transcripts that both split into the same tokens."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats
from stages.attacks.registry import Sheet


def gains(target: Sheet, reference: Sheet) -> Floats | None:
    """Return each token's log-probability under the target minus that under the reference.

    Returns
    -------
    float64[total] or None
        In nats, for the target's tokens; NaN in rows that the reference splits into other tokens. None without token
        ids.
    """
    own, other = target.rows, reference.rows
    if own.token_ids is None or other.token_ids is None:
        return None
    alike = own.lengths == other.lengths
    found = np.full(int(own.offsets[-1]), np.nan)
    here, there = alike[own.owner], alike[other.owner]
    same = own.token_ids[here] == other.token_ids[there]
    found[here] = np.where(same, own.statistics["logprob"][here] - other.statistics["logprob"][there], np.nan)
    # A row counts whole or not at all: in a row with different tokens, tokens that agree by chance are not comparable.
    broken = np.bincount(own.owner, np.isnan(found), len(own)) > 0
    found[broken[own.owner]] = np.nan
    return found
