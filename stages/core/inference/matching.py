"""Match members to non-members with similar blind scores, and choose which pairs to give up first.

In: a score and labels, or a match and the score that was refitted on it. Out: rows and the pair that each belongs to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.core.inference.statistics import Bools, Floats, Ints

CLIPS_AT_ONCE = 4096
"""Clips of similar score in one block. Blocks are matched separately: memory and time grow linearly with the clips."""

_MEMBER_ALONE, _OTHER_ALONE, _TOGETHER = range(3)


def spread_within(score: Floats, member: Bools) -> float:
    """Return the deviation of a score within classes."""
    return float(np.sqrt((score[member].var() + score[~member].var()) / 2))


def match(score: Floats, member: Bools, caliper: float) -> tuple[Ints, Ints]:
    """Match members to non-members one to one: as many pairs as the caliper allows, and of these the nearest.

    Greedy matching would use up the good controls: members with the highest scores would take each other's nearest
    non-members, and most pairs would differ by nearly the caliper, in the same direction.

    Parameters
    ----------
    score : float64[n]
    member : bool[n]
    caliper : float
        Largest difference within a pair.

    Returns
    -------
    indices : intp[2 · pairs]
        Rows that were matched, ascending.
    pairs : intp[2 · pairs]
        Each row's pair.
    """
    order = np.argsort(score, kind="stable")
    bands = np.array_split(order, -(-len(order) // CLIPS_AT_ONCE)) if len(order) else []
    couples = [couple for band in bands for couple in _couples(band[member[band]], band[~member[band]], score, caliper)]
    pairs = {int(row): number for number, couple in enumerate(couples) for row in couple}
    indices = np.array(sorted(pairs), np.intp)
    return indices, np.array([pairs[int(row)] for row in indices], np.intp)


def _couples(members: Ints, others: Ints, score: Floats, caliper: float) -> list[tuple[int, int]]:
    """Return the best match of rows sorted by score.

    Two crossing pairs are never nearer than the two that do not cross. So the best match of the first i members with
    the first j non-members is the best of three: without the last member, without the last non-member, or with these
    two as a pair.
    """
    if not (len(members) and len(others)):
        return []
    pair_counts = float(min(len(members), len(others)) + 1)  # more than all distances together, in calipers
    best = np.zeros(len(others) + 1)
    choice = np.full((len(members), len(others)), _MEMBER_ALONE, np.int8)
    for place, member in enumerate(members):
        distance = np.abs(score[others] - score[member])
        worth = np.where(distance <= caliper, pair_counts - distance / max(caliper, 1e-300), -np.inf)
        paired = best[:-1] + worth
        reached = np.maximum.accumulate(np.maximum(paired, best[1:]))
        before = np.append(0.0, reached[:-1])
        choice[place, before >= best[1:]] = _OTHER_ALONE
        choice[place, paired > np.maximum(best[1:], before)] = _TOGETHER
        best = np.append(0.0, reached)
    return _traced(members, others, choice)


def _traced(members: Ints, others: Ints, choice: NDArray[np.int8]) -> list[tuple[int, int]]:
    couples = []
    at, other = len(members) - 1, len(others) - 1
    while at >= 0 and other >= 0:
        chosen = choice[at, other]
        if chosen == _TOGETHER:
            couples.append((int(members[at]), int(others[other])))
        at -= chosen != _OTHER_ALONE
        other -= chosen != _MEMBER_ALONE
    return couples


def give_up(score: Floats, member: Bools, pairs: Ints, count: int) -> Bools:
    """Return which rows of a match stay when the pairs that stand out most are given up.

    Parameters
    ----------
    score : float64[m]
        Higher = more like a member.
    member : bool[m]
    pairs : intp[m]
        Each row's pair.
    count : int
        Pairs to give up: those whose member lies furthest above its non-member.

    Returns
    -------
    bool[m]
    """
    place = np.unique(pairs, return_inverse=True)[1]
    gap = np.bincount(place, np.where(member, score, -score))
    return np.asarray(~np.isin(place, np.argsort(-gap, kind="stable")[:count]))
