"""WBC: the share of windows of consecutive tokens in which the target beats the reference (arXiv 2601.02751)."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, positions
from stages.attacks.registry import Columns, Sheet, reference_attack
from stages.attacks.tokenwise import gains

WINDOWS = (2, 3, 4, 6, 9, 13, 18, 25, 32, 40)
"""Window sizes in tokens, spaced about geometrically."""


@reference_attack("wbc")
def wbc(target: Sheet, reference: Sheet) -> Columns:
    """Return ``wbc``: the share of windows whose summed gain is above 0, averaged over window sizes, in [0, 1].

    Window sizes above the transcript's length are left out. A transcript of one token is one window.
    """
    gain = gains(target, reference)
    if gain is None:
        return {}
    offsets, lengths = target.rows.offsets, np.diff(target.rows.offsets)
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(gain))])
    left = np.repeat(lengths, lengths) - positions(offsets)
    votes: list[Floats] = []
    for size in WINDOWS:
        width = np.minimum(size, np.repeat(lengths, lengths)) if size == WINDOWS[0] else np.full(len(gain), size)
        starts = np.flatnonzero(left >= width)
        won = np.full(len(gain), np.nan)
        won[starts] = total[starts + width[starts]] - total[starts] > 0
        votes.append(target.rows.ragged(won).means())
    stacked = np.stack(votes)
    counted = np.isfinite(stacked)
    share = np.divide(
        np.where(counted, stacked, 0).sum(0), counted.sum(0), out=np.full(len(lengths), np.nan), where=counted.any(0)
    )
    compared = np.isfinite(target.rows.ragged(gain).means())
    return {"wbc": np.where(compared, share, np.nan)}
