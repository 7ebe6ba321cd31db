"""Guarantees that need nothing but exchangeable negatives: conformal thresholds and p values.

A new negative is as likely at any rank among the calibration negatives as at any other. So its score exceeds the
k-th smallest of them, k = ceil((1 - rate) · (n + 1)), with probability at most `rate`, whatever its distribution
(Vovk, Gammerman and Shafer 2005). The negatives must not have been used for anything else; scores are higher for what
is more like a member.
"""

from __future__ import annotations

import numpy as np

from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats, allowed_false_positives


def conformal_threshold(negatives: Floats, rate: float) -> float:
    """Return the threshold that a new negative exceeds with probability at most `rate`.

    Parameters
    ----------
    negatives : float64[n]
        Scores of calibration negatives.
    rate : float
        In (0, 1).

    Returns
    -------
    float
        A clip is flagged if its score is above it; a tie is not.

    Raises
    ------
    EarwitnessError
        With fewer negatives than the rate needs, 1 / rate - 1: 19 for 5 %, 99 for 1 %.

    Examples
    --------
    >>> conformal_threshold(np.arange(19.0), 0.05)
    18.0
    """
    if not 0 < rate < 1:
        raise EarwitnessError(f"conformal threshold: a rate of {rate:g}: use one between 0 and 1")
    allowed = int(allowed_false_positives(np.array([float(len(negatives))]), rate)[0])
    if allowed < 0:
        needed = int(np.ceil(np.round(1 / rate - 1, 9)))
        raise EarwitnessError(
            f"conformal threshold: {len(negatives)} negatives cannot bound the false-positive rate at {rate:g}: "
            f"bring {needed} or more, or ask for a higher rate"
        )
    return float(np.sort(negatives)[len(negatives) - 1 - allowed])


def conformal_p(scores: Floats, negatives: Floats) -> Floats:
    """Return for each score the p value of being a negative: (1 + negatives at least as high) / (n + 1).

    Conformal p values from the same negatives depend on each other in the one way that the procedure of Benjamini and
    Hochberg allows for (arXiv 2104.08279, theorem 2): `scipy.stats.false_discovery_control`.

    Parameters
    ----------
    scores : float64[m]
        1.0 is returned for NaN, which says nothing.
    negatives : float64[n]
        None gives 1.0 throughout.

    Examples
    --------
    >>> conformal_p(np.array([2.5, 0.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [0.25, 1.0]
    """
    below = np.searchsorted(np.sort(negatives), scores, "left")
    p = (1 + len(negatives) - below) / (len(negatives) + 1)
    return np.where(np.isnan(scores), 1.0, p)


def canary_p(published: float, withheld: Floats) -> float:
    """Return the p value of one canary: the rank of what was published among what might have been.

    One of several exchangeable candidates was drawn uniformly and published; only chance could rank it high in a
    model that was not trained on it, whatever the scores' distribution (arXiv 2409.19798).

    Parameters
    ----------
    published : float
        Score of the candidate that was drawn.
    withheld : float64[m - 1]
        Scores of the others.

    Returns
    -------
    float
        (1 + others at least as high) / m; 1.0 where nothing was withheld or a score is missing.
    """
    if np.isnan(published) or np.isnan(withheld).any():
        return 1.0
    return float(conformal_p(np.array([published]), withheld)[0])


def canaries_p(published: Floats, withheld: list[Floats], draws: int, rng: np.random.Generator) -> float:
    """Return the p value of several canaries, each drawn from candidates of its own.

    The mean rank p value is held against as many uniform draws of one candidate from each set.

    Parameters
    ----------
    published : float64[k]
    withheld : list of float64[m - 1]
    draws : int
    rng : numpy.random.Generator
    """
    sizes = np.array([len(others) + 1 for others in withheld])
    if not len(sizes):
        return 1.0
    found = np.mean([canary_p(float(score), others) for score, others in zip(published, withheld, strict=True)])
    chance = ((1 + rng.integers(0, sizes, (draws, len(sizes)))) / sizes).mean(axis=1)
    return float((1 + (chance <= found + 1e-12).sum()) / (draws + 1))
