"""How well membership is predicted without the model: per feature family, and from all of them.

In: a corpus's features, labels and speakers. Out: out-of-fold probabilities with odds weights, AUCs with intervals,
the population in which a claim may be made, and the features that give the split away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from stages.blind_baseline.logistic import cross_fitted_logits
from stages.core.bootstrap import bootstrap_auc, speaker_draws
from stages.core.conditional import odds_weights
from stages.core.folds import grouped_folds, permuted_labels
from stages.core.params import BlindBaseline
from stages.core.population import BlindInterval, Population, PopulationSettings, blind_interval, find_population
from stages.core.statistics import Bools, Floats, Ints, auc, column_aucs

TEXTUAL = "textual"
GIVEAWAYS = 10


@dataclass(frozen=True)
class FamilyScore:
    """One family's prediction.

    Attributes
    ----------
    probability : float64[n]
        Out of fold; NaN throughout where one class is empty.
    odds_weight : float64[n]
        NaN for clips of unknown membership.
    interval : BlindInterval or None
        None where one class is empty.
    """

    probability: Floats
    odds_weight: Floats
    interval: BlindInterval | None


@dataclass(frozen=True)
class Clips:
    """Who is a member, as far as it is known, and who speaks.

    Attributes
    ----------
    member : bool[n]
        False where unknown.
    known : bool[n]
    cluster : intp[m]
        Speaker codes of the clips whose membership is known.
    """

    member: Bools
    known: Bools
    cluster: Ints

    @property
    def labels(self) -> Bools:
        """Return the labels of the clips whose membership is known: bool[m]."""
        return self.member[self.known]


def family_columns(names: list[str]) -> dict[str, list[int]]:
    """Return the columns of every family: those before the dot, `acoustic` (all but textual), `fused` (all)."""
    families: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        families.setdefault(name.split(".")[0], []).append(index)
    acoustic = [index for family, columns in families.items() if family != TEXTUAL for index in columns]
    if acoustic:
        families["acoustic"] = sorted(acoustic)
    return families | {"fused": list(range(len(names)))}


def score_families(
    features: Floats, names: list[str], clips: Clips, settings: BlindBaseline, rng: np.random.Generator
) -> tuple[dict[str, FamilyScore], str | None]:
    """Predict membership from every family on the same folds, permutations and redrawn speakers.

    Parameters
    ----------
    features : float64[n, d]
    names : list of str
        Of the columns, ``family.name``.
    clips : Clips
    settings : BlindBaseline
    rng : numpy.random.Generator

    Returns
    -------
    scores : dict of str to FamilyScore
    note : str or None
        What had to be assumed for the folds.
    """
    families, labels = family_columns(names), clips.labels
    if min(labels.sum(), (~labels).sum()) < 2:
        nothing = np.full(len(features), np.nan)
        too_few = "fewer than two members or non-members: nothing to predict"
        return {family: FamilyScore(nothing, nothing, None) for family in families}, too_few
    dealt, note = grouped_folds(labels, clips.cluster, settings.folds, rng)
    permuted = permuted_labels(labels, clips.cluster, settings.permutations, rng)
    draws = speaker_draws(clips.cluster, settings.bootstraps, rng)
    folds = np.full(len(features), -1)
    folds[clips.known] = dealt
    every = np.zeros((len(features), 1 + settings.permutations), np.bool_)
    every[clips.known] = np.column_stack([labels, permuted])
    scores = {}
    for family, columns in families.items():
        logits = cross_fitted_logits(features[:, columns], every, folds)
        aucs = column_aucs(logits[clips.known], every[clips.known])
        drawn = bootstrap_auc(logits[clips.known, 0], labels, clips.cluster, draws)
        interval = blind_interval(float(aucs[0]), aucs[1:], drawn)
        probability = np.asarray(expit(logits[:, 0]))
        weight = np.where(clips.known, odds_weights(probability, clips.member, settings.odds_trim), np.nan)
        scores[family] = FamilyScore(probability, weight, interval)
    return scores, note


def population(features: Floats, clips: Clips, settings: BlindBaseline, rng: np.random.Generator) -> Population:
    """Search the population among the clips of known membership; its indices count these alone."""
    wanted = PopulationSettings(
        folds=settings.folds,
        permutations=settings.permutations,
        bootstraps=settings.bootstraps,
        tolerance=settings.tolerance,
        caliper=settings.caliper,
        min_matched=settings.min_matched,
    )
    return find_population(features[clips.known], clips.labels, clips.cluster, wanted, rng)


def giveaways(features: Floats, names: list[str], member: Bools) -> list[dict[str, Any]]:
    """Return the features that separate most, by the standardised difference of their means.

    Parameters
    ----------
    features : float64[n, d]
    names : list of str
    member : bool[n]

    Returns
    -------
    list of dict
        At most ten, the largest first: feature, size (difference of means over the pooled deviation within
        classes), direction (where it is higher) and its own AUC, not folded. Empty where one class is.
    """
    if member.all() or not member.any():
        return []
    inside, outside = features[member], features[~member]
    pooled = np.sqrt((inside.var(axis=0) + outside.var(axis=0)) / 2)
    gap = inside.mean(axis=0) - outside.mean(axis=0)
    size = np.divide(gap, pooled, out=np.zeros_like(gap), where=pooled > 1e-9)
    largest = np.argsort(-np.abs(size), kind="stable")[:GIVEAWAYS]
    return [
        {
            "feature": names[index],
            "size": float(abs(size[index])),
            "direction": "members" if size[index] > 0 else "non_members",
            "auc": auc(features[:, index], member),
        }
        for index in largest
        if size[index] != 0
    ]


def metrics(
    corpus: str,
    clips: Clips,
    folds: int,
    scores: dict[str, FamilyScore],
    found: Population,
    tells: list[dict[str, Any]],
    notes: list[str],
) -> dict[str, Any]:
    """Return `metrics.json` of a corpus."""
    speakers = int(clips.cluster.max()) + 1 if len(clips.cluster) else 0
    return {
        "corpus": corpus,
        "clips": {
            "member": int(clips.labels.sum()),
            "non_member": int((~clips.labels).sum()),
            "unknown": int((~clips.known).sum()),
            "speakers": speakers,
        },
        "folds": folds,
        "blind": {family: _block(score.interval) for family, score in scores.items()},
        "population": found.summary(clips.labels),
        "giveaways": tells,
        "notes": notes,
    }


def _block(interval: BlindInterval | None) -> dict[str, Any]:
    if interval is None:
        return dict.fromkeys(("auc", "auc_ci", "permutation_deviation", "permutation_mean", "permutation_p"))
    return {
        "auc": interval.auc,
        "auc_ci": [interval.low, interval.high],
        "permutation_deviation": interval.deviation,
        "permutation_mean": interval.mean,
        "permutation_p": interval.p,
    }
