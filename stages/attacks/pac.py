"""PAC: the distance between probable and improbable tokens against swapped words (Ye et al., arXiv 2405.11930)."""

from __future__ import annotations

import numpy as np

from stages.attacks.ragged import Floats, Ragged, count_of
from stages.attacks.registry import Columns, Sheet, clip_attack

PERTURBATION = "swap_words"
FAR, LOCAL = 0.05, 0.3
"""Shares of a row's most and least probable tokens."""


def polarised_distance(logprob: Ragged) -> Floats:
    """Return the mean log-probability of each row's most probable tokens minus that of its least probable ones.

    It is in nats, at least 0; NaN for an empty row. The most probable are 5 % and the least probable 30 % of the
    tokens, at least one.
    """
    ordered = logprob.ordered
    highest = ordered.mean_of_last(count_of(FAR, ordered.lengths))
    return highest - ordered.mean_of_first(count_of(LOCAL, ordered.lengths))


@clip_attack("pac")
def pac(sheet: Sheet) -> Columns:
    """Return ``pac``: the mean polarised distance of the clip's texts with swapped words minus the clip's own.

    It is in nats, and NaN without the perturbation `swap_words`. The paper takes five texts in each of which 30 % of
    the words are swapped. Here their number and the swaps are those of `perturbation.neighbours`.
    """
    around, clips = sheet.around, len(sheet.rows)
    known = np.isfinite(around.distance)
    owner = around.clip[known]
    counts = np.bincount(owner, minlength=clips)
    sums = np.bincount(owner, around.distance[known], clips)
    swapped = np.divide(sums, counts, out=np.full(clips, np.nan), where=counts > 0)
    return {"pac": swapped - polarised_distance(sheet.rows.statistic("logprob"))}
