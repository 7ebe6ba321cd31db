"""EZ: how fine-tuning changed the log-probability of tokens that the target still gets wrong (arXiv 2601.12104)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, reference_attack
from stages.attacks.tokenwise import gains

SMALLEST = 1e-6
"""Nats added to both sums, so that a clip without any fall has a ratio and scores highest."""


@reference_attack("ez")
def ez(target: Sheet, reference: Sheet) -> Columns:
    """Return ``ez``: log of (summed rises / summed falls) of log-probability over the target's wrong tokens.

    The published ratio is 0, its lowest value, if there are no falls, although that is the strongest evidence. Here
    1e-6 nats are added to both sums, and the logarithm is taken. The published ratio is also 0 if no token is wrong.
    Here all tokens are compared in that case. The score is NaN if the reference splits the transcript into other
    tokens.
    """
    gain = gains(target, reference)
    if gain is None or "hit" not in target.rows.statistics:
        return {}
    missed = target.rows.statistics["hit"] == 0
    none = np.bincount(target.rows.owner, missed, len(target.rows)) == 0
    wrong = np.where(missed | none[target.rows.owner], gain, 0.0)
    rise = target.rows.ragged(np.maximum(wrong, 0.0)).sums() + SMALLEST
    fall = target.rows.ragged(np.maximum(-wrong, 0.0)).sums() + SMALLEST
    compared = np.isfinite(target.rows.ragged(gain).means())
    return {"ez": np.where(compared, np.log(rise / fall), np.nan)}
