"""Bootstraps that redraw whole speakers, for many statistics of one set of draws.

What was fitted (a blind score, a match, a calibration) is fitted once and stays as it is: refitting inside the
bootstrap puts copies of a clip on both sides of a fold, and pure noise then shows an AUC of 0.78.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from stages.core.statistics import Bools, Floats, Ints, allowed_false_positives

Draws = NDArray[np.float32]

_CELLS = 4_000_000
"""Draws times clips held at once, so that memory does not grow with the corpus."""


def speaker_draws(cluster: Ints, count: int, rng: np.random.Generator) -> Draws:
    """Draw as many speakers as there are, with replacement, `count` times.

    Returns
    -------
    float32[count, G]
        How often each speaker was drawn; without clips, no speakers.
    """
    groups = int(cluster.max(initial=-1)) + 1
    if not groups:
        return np.zeros((count, 0), np.float32)
    return rng.multinomial(groups, np.full(groups, 1 / groups), count).astype(np.float32)


def bootstrap_auc(score: Floats, member: Bools, cluster: Ints, draws: Draws) -> Floats:
    """Return the AUC of each draw: float64[count], NaN where a draw has one class only."""
    order = np.argsort(score, kind="stable")
    start, stop = _tie_bounds(score[order])
    labels = member[order]

    def of_part(part: Draws) -> Floats:
        below = _cumulated(part * ~labels)
        wins = (part * labels * (below[:, start] + below[:, stop])).sum(axis=1, dtype=np.float64) / 2
        positive = (part * labels).sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(wins / (positive * below[:, -1]))

    return _over_parts(of_part, cluster[order], draws)


def bootstrap_tpr(score: Floats, member: Bools, cluster: Ints, draws: Draws, rate: float) -> Floats:
    """Return the true-positive rate of each draw at the threshold that its own negatives give.

    Returns
    -------
    float64[count]
        NaN where a draw has too few negatives for the false-positive rate, or no member.

    See Also
    --------
    allowed_false_positives : how the threshold is set.
    """
    order = np.argsort(-score, kind="stable")
    start, _ = _tie_bounds(-score[order])
    labels = member[order]

    def of_part(part: Draws) -> Floats:
        negative, positive = _cumulated(part * ~labels), _cumulated(part * labels)
        allowed = allowed_false_positives(negative[:, -1].astype(np.float64), rate)
        # The threshold is the first score from the top at which more negatives than allowed have been met.
        at = (negative[:, 1:] <= allowed[:, None]).sum(axis=1)
        usable = (allowed >= 0) & (at < len(labels))
        above = positive[np.arange(len(part)), start[np.minimum(at, len(labels) - 1)]]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(usable, above.astype(np.float64) / positive[:, -1], np.nan)

    return _over_parts(of_part, cluster[order], draws)


def tpr_at_fpr(score: Floats, member: Bools, rate: float) -> float:
    """Return the true-positive rate at a false-positive rate; NaN with too few negatives (n < 1 / rate - 1).

    Examples
    --------
    >>> tpr_at_fpr(np.array([0.0, 1.0, 2.0, 1.5, 2.5]), np.array([False, False, False, True, True]), 0.25)
    0.5
    """
    once = np.ones((1, len(score)), np.float32)
    return float(bootstrap_tpr(score, member, np.arange(len(score)), once, rate)[0])


def percentile_interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of bootstrap values; (NaN, NaN) where none is defined."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return (float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))


def _over_parts(of_part: Callable[[Draws], Floats], cluster: Ints, draws: Draws) -> Floats:
    return np.concatenate([of_part(part) for part in _clip_weights(cluster, draws)])


def _clip_weights(cluster: Ints, draws: Draws) -> Iterator[Draws]:
    step = max(1, _CELLS // max(1, len(cluster)))
    for first in range(0, len(draws), step):
        yield draws[first : first + step, cluster]


def _cumulated(weights: Draws) -> Draws:
    """Return running sums with a leading 0: float32[count, n + 1], exact for counts below 2^24."""
    sums = np.zeros((len(weights), weights.shape[1] + 1), np.float32)
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def _tie_bounds(ordered: Floats) -> tuple[Ints, Ints]:
    """Return for every place the first place of its run of equal scores, and the place after the last."""
    new = np.append(True, ordered[1:] != ordered[:-1])
    run = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    stops = np.append(starts[1:], len(ordered))
    return starts[run], stops[run]
