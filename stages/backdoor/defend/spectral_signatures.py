"""Spectral signatures: poisoned clips stand out along the direction in which one label's activations vary most.

Tran, Li and Madry 2018 (arXiv 1811.00636), algorithm 1: the score of a clip is the square of its centred activation's
projection on the top right singular vector; the 1.5 ε n highest are removed, ε being the share of poison assumed.
"""

from __future__ import annotations

import numpy as np

from stages.core.inference.statistics import Bools, Floats

MARGIN = 1.5
"""Clips are removed up to this multiple of the assumed share, as published."""


def spectral_scores(activations: Floats) -> Floats:
    """Return each clip's outlier score.

    Parameters
    ----------
    activations : float64[n, d]
        Of the clips that carry one label, n of at least 1.

    Returns
    -------
    float64[n]
        Not negative; higher for what looks more like poison; all 0 where the activations are equal.
    """
    centred = activations - activations.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    return np.asarray((centred @ direction) ** 2)


def spectral_suspects(scores: Floats, share: float) -> Bools:
    """Return the clips that would be removed: the `MARGIN` · share · n highest scores, rounded up, ties by order.

    Parameters
    ----------
    scores : float64[n]
    share : float
        Share of poison that the defender assumes, in [0, 1].
    """
    count = min(len(scores), int(np.ceil(round(MARGIN * share * len(scores), 9))))
    suspected = np.zeros(len(scores), dtype=np.bool_)
    suspected[np.argsort(-scores, kind="stable")[:count]] = True
    return suspected
