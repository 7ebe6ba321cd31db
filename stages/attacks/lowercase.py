"""Lowercase: how much lower case raises the transcript's loss (Carlini et al., arXiv 2012.07805, section 5.2)."""

from __future__ import annotations

import numpy as np

from stages.attacks.registry import Columns, Sheet, clip_attack

PERTURBATION = "lower_case"
MIN_LOSS = 1e-10
"""Added to the denominator, so that a transcript with a loss of 0 has a score."""


@clip_attack("lowercase")
def lowercase(sheet: Sheet) -> Columns:
    """Return ``lowercase``: the lower-cased transcript's loss divided by the transcript's loss; at least 0.

    The score is 1 if the transcript has no capital letter. It is NaN without the perturbation `lower_case`.
    """
    chosen = np.array([name == PERTURBATION for name in sheet.around.perturbation], np.bool_)
    lower = np.full(len(sheet.rows), np.nan)
    lower[sheet.around.clip[chosen]] = -sheet.around.logprob[chosen]
    return {"lowercase": lower / (MIN_LOSS - sheet.rows.statistic("logprob").means())}
