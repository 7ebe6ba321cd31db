"""Bootstraps that redraw whole speakers, for many statistics of one set of draws.

A blind score, a match or a calibration is fitted once, before the bootstrap. Refitting inside the bootstrap would put
copies of a clip on both sides of a fold, and pure noise would then show an AUC of 0.78.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.core.inference.statistics import Bools, Floats, Ints, allowed_false_positives

Draws = NDArray[np.float32]

_CELLS = 4_000_000
"""Upper bound of draws times clips in memory at once: memory does not grow with the corpus."""

_PAIRS_PER_CLIP = 16
"""Pairs of speakers per clip up to which it is cheaper to count wins by speaker than by clip; both are exact."""


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
    share, drawn, step = np.full(groups, 1 / groups), np.empty((count, groups), np.float32), max(1, _CELLS // groups)
    for start in range(0, count, step):
        part = drawn[start : start + step]
        part[:] = rng.multinomial(groups, share, len(part))
    return drawn


def bootstrap_auc(score: Floats, member: Bools, cluster: Ints, draws: Draws) -> Floats:
    """Return the AUC of each draw: float64[count], NaN where a draw has one class only."""
    rising = np.argsort(score, kind="stable")
    label, ordered, owner = member[rising], score[rising], cluster[rising]
    losers, winners = owner[~label], owner[label]
    below = np.searchsorted(ordered[~label], ordered[label], "left")
    up_to = np.searchsorted(ordered[~label], ordered[label], "right")
    few = draws.shape[1] ** 2 <= _PAIRS_PER_CLIP * len(score)
    wins = (_wins_of_speakers if few else _wins_of_clips)(below, up_to, losers, winners, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(wins / (_drawn(winners, draws) * _drawn(losers, draws)))


def _drawn(cluster: Ints, draws: Draws) -> Floats:
    """Return how many of some clips are in each draw: float64[count]."""
    counts = np.bincount(cluster, minlength=draws.shape[1])
    step = max(1, _CELLS // max(1, draws.shape[1]))
    # Sums of whole numbers are exact, so the parts change no figure.
    parts = [draws[start : start + step].astype(np.float64) @ counts for start in range(0, len(draws), step)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _wins_of_speakers(below: Ints, up_to: Ints, losers: Ints, winners: Ints, draws: Draws) -> Floats:
    """Count once how often each speaker's members score above each speaker's non-members, then weight the pairs."""
    speakers = draws.shape[1]
    counted = np.zeros((speakers, speakers))
    for loser in range(speakers):
        seen = np.append(0, np.cumsum(losers == loser))
        counted[:, loser] = np.bincount(winners, (seen[below] + seen[up_to]) / 2, speakers)
    weights = draws.astype(np.float64)
    return np.asarray(((weights @ counted) * weights).sum(axis=1))


def _wins_of_clips(below: Ints, up_to: Ints, losers: Ints, winners: Ints, draws: Draws) -> Floats:
    """For each draw, count how many drawn non-members lie below each drawn member."""
    step = max(1, _CELLS // max(1, len(losers) + len(winners)))
    wins = []
    for part in np.split(draws, range(step, len(draws), step)):
        seen = _cumulated(part[:, losers])
        beaten = (seen[:, below] + seen[:, up_to]) / 2
        wins.append((beaten * part[:, winners]).sum(axis=1, dtype=np.float64))
    return np.concatenate(wins)


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
    falling, rising = (np.argsort(-score[side], kind="stable") for side in (~member, member))
    losers, winners = cluster[~member][falling], cluster[member][rising]
    negatives, positives = _drawn(losers, draws), _drawn(winners, draws)
    allowed = allowed_false_positives(negatives, rate)
    usable = (allowed >= 0) & (negatives > 0) & (positives > 0)
    rates = np.full(len(draws), np.nan)
    if not usable.any():
        return rates
    at = _first_beyond(losers, draws, allowed)
    # Members above each negative, from the top; a tie is not above.
    above = np.searchsorted(-score[member][rising], -score[~member][falling], "left")
    for place in np.unique(at[usable]):
        here = usable & (at == place)
        rates[here] = _drawn(winners[: above[place]], draws[here]) / positives[here]
    return rates


def _first_beyond(losers: Ints, draws: Draws, allowed: Floats) -> Ints:
    """Return, for each draw, the first place from the top with more negatives above it than allowed.

    Only the highest negatives are looked at, a few times as many as are allowed.
    """
    reach = int(min(len(losers), 2 * allowed.max(initial=0) + 64))
    while True:
        beyond = _cumulated(draws[:, losers[:reach]])[:, 1:] > allowed[:, None]
        if reach == len(losers) or beyond[:, -1].all():
            return np.asarray(beyond.argmax(axis=1))
        reach = min(len(losers), 2 * reach)


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


def _cumulated(weights: Draws) -> Draws:
    """Return running sums with a leading 0: float32[count, n + 1], exact for counts below 2^24."""
    sums = np.zeros((len(weights), weights.shape[1] + 1), np.float32)
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums
