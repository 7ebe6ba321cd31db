"""Matching, the remedy for a leaky corpus: a subset in which features do not tell members from non-members.

In: features, labels, speakers. Out: the population (`stages.core.inference.population`, with the blind model of this
stage), how well the match holds on features that it did not use, and which clips it leaves out.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from stages.blind_baseline.ensemble import out_of_fold_scores
from stages.blind_baseline.giveaway import giveaways
from stages.blind_baseline.params import BlindBaseline
from stages.blind_baseline.scoring import Clips
from stages.core.inference.blind import PopulationSettings, blind_auc
from stages.core.inference.folds import grouped_folds
from stages.core.inference.matching import match, spread_within
from stages.core.inference.population import Population, find_population
from stages.core.inference.statistics import Bools, Floats, Ints, auc, renumbered

GIVEN_UP = 3
"""Number of features that are named for each side, by which the clips left out differ from those kept."""


def blind_scores(features: Floats, labels: Bools, folds: Ints, cluster: Ints) -> Floats:
    """Return the out-of-fold blind scores of every label vector: float64[n, k]."""
    return np.asarray(out_of_fold_scores(features, labels, folds, cluster).sum(axis=0))


def population(features: Floats, clips: Clips, settings: BlindBaseline, rng: np.random.Generator) -> Population:
    """Search the population among the clips of known membership; its indices are positions among these clips."""
    known = features[clips.known]
    return find_population(known, clips.labels, clips.cluster, searched_by(settings), rng, blind_scores)


def searched_by(settings: BlindBaseline) -> PopulationSettings:
    """Return the settings of the search for a population."""
    return PopulationSettings(
        folds=settings.folds,
        permutations=settings.permutations,
        bootstraps=settings.bootstraps,
        tolerance=settings.tolerance,
        caliper=settings.caliper,
        min_matched=settings.min_matched,
    )


class HeldOutCheck(TypedDict):
    """A match on one half of the features, checked with the other, held-out half.

    Attributes
    ----------
    pairs : int
    before : float
        AUC of the held-out half on the whole corpus.
    auc : float or None
        AUC of the held-out half on the matched clips; None if fewer than 2 pairs are left.
    auc_ci : list of float or None
    """

    pairs: int
    before: float
    auc: float | None
    auc_ci: list[float] | None


class GivenUpFeature(TypedDict):
    """A feature by which clips left out differ from those kept, and whether it is higher in the clips left out."""

    feature: str
    size: float
    higher: bool


class GivenUp(TypedDict):
    """What a match leaves out: clips on each side, their share of all, and the features by which they differ."""

    member: int
    non_member: int
    share: float
    features: dict[str, list[GivenUpFeature]]


def held_out_check(
    features: Floats, clips: Clips, settings: BlindBaseline, rng: np.random.Generator
) -> list[HeldOutCheck]:
    """Match on one half of the features, and test whether the other half still tells members from non-members.

    A match on a score can come out at chance only because it was made on that score. If the held-out half separates
    before the match and not after it, the match removed a difference that it did not use. If the two halves measure
    different things, the held-out half still separates after the match, and the match is only as good as its features.

    Returns
    -------
    list of HeldOutCheck
        One for each half as the held-out half.
    """
    known, labels, cluster = features[clips.known], clips.labels, clips.cluster
    order = rng.permutation(known.shape[1])
    halves = (np.sort(order[::2]), np.sort(order[1::2]))
    folds, _ = grouped_folds(labels, cluster, settings.folds, rng)
    scores = [blind_scores(known[:, half], labels[:, None], folds, cluster)[:, 0] for half in halves]
    wanted, found = searched_by(settings), []
    for used, held_out in ((0, 1), (1, 0)):
        caliper = settings.caliper * spread_within(scores[used], labels)
        indices, _ = match(scores[used], labels, caliper)
        before = auc(scores[held_out], labels)
        block = HeldOutCheck(pairs=len(indices) // 2, before=before, auc=None, auc_ci=None)
        if len(indices) >= 4:
            part, speakers = known[np.ix_(indices, halves[held_out])], renumbered(cluster[indices])
            _, after = blind_auc(part, labels[indices], speakers, wanted, rng, blind_scores)
            block["auc"], block["auc_ci"] = after.auc, [after.low, after.high]
        found.append(block)
    return found


def given_up(features: Floats, names: list[str], clips: Clips, found: Population) -> GivenUp:
    """Return what a match leaves out: clips on each side, and the features by which they differ from those kept.

    Returns
    -------
    GivenUp
    """
    kept = np.zeros(len(clips.labels), np.bool_)
    kept[found.indices] = True
    known = features[clips.known]
    sides = {"member": clips.labels, "non_member": ~clips.labels}
    counts = {side: int((rows & ~kept).sum()) for side, rows in sides.items()}
    differ = {side: giveaways(known[rows], names, ~kept[rows])[:GIVEN_UP] for side, rows in sides.items()}
    return {
        "member": counts["member"],
        "non_member": counts["non_member"],
        "share": float((~kept).mean()) if len(kept) else 0.0,
        "features": {
            side: [
                {"feature": tell["feature"], "size": tell["size"], "higher": tell["direction"] == "members"}
                for tell in tells
            ]
            for side, tells in differ.items()
        },
    }
