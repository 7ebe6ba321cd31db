"""EZ: what fine-tuning did to the tokens that the target still gets wrong (arXiv 2601.12104)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, reference_attack
from stages.attacks.tokenwise import gains

SMALLEST = 1e-6
"""Nats added to rises and falls, so that a clip without any fall scores highest instead of having no ratio."""


@reference_attack("ez")
def ez(target: Sheet, reference: Sheet) -> Columns:
    """Return ``ez``: log of (summed rises / summed falls) of log-probability over the target's wrong tokens.

    The published ratio is 0, its lowest, where there are no falls, though that is the strongest evidence; here both
    sums have 1e-6 nats added and the logarithm is taken. It is 0 as well where no token is wrong; there all tokens
    are compared. NaN where the reference reads other tokens.
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
