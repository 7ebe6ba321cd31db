"""How well features predict membership without the model: each feature family alone, and all together.

In: a corpus's features, labels and speakers. Out: out-of-fold probabilities with odds weights, and AUCs with intervals
for the blind score and for each of its two estimators.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stages.blind_baseline.ensemble import out_of_fold_scores
from stages.blind_baseline.estimators import out_of_fold_probabilities
from stages.blind_baseline.params import BlindBaseline
from stages.core.inference.blind import BlindInterval, blind_interval
from stages.core.inference.bootstrap import Draws, bootstrap_auc, speaker_draws
from stages.core.inference.conditional import odds_weights
from stages.core.inference.folds import grouped_folds, permuted_labels
from stages.core.inference.statistics import Bools, Floats, Ints, auc, column_aucs

TEXTUAL = "textual"
ESTIMATORS = ("logistic", "boosting")


@dataclass(frozen=True)
class FamilyScore:
    """One family's prediction.

    Attributes
    ----------
    probability : float64[n]
        Out of fold and calibrated; all NaN if there are fewer than two members or non-members.
    odds_weight : float64[n]
        NaN for clips of unknown membership.
    interval : BlindInterval or None
        Of the blind score; None if there are fewer than two members or non-members.
    estimators : dict of str to BlindInterval
        Of each estimator whose scores are added up to the blind score.
    same_speakers : float or None
        AUC of the blind score with folds that split speakers, so that a clip's speaker may be in training. The verdict
        never uses it. None if `interval` is None, or if no speaker has two clips.
    """

    probability: Floats
    odds_weight: Floats
    interval: BlindInterval | None
    estimators: dict[str, BlindInterval] = field(default_factory=dict)
    same_speakers: float | None = None


@dataclass(frozen=True)
class Clips:
    """Membership of clips, as far as it is known, and their speakers.

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

    @property
    def both(self) -> bool:
        """Return whether there are at least two members and two non-members, which a prediction needs."""
        return bool(min(self.labels.sum(), (~self.labels).sum()) >= 2)

    def spread(self, values: Ints, elsewhere: int) -> Ints:
        """Put values of the clips with known membership into an array over all clips: intp[n]."""
        every = np.full(len(self.member), elsewhere)
        every[self.known] = values
        return every


@dataclass(frozen=True)
class _Deal:
    """What all families share: folds by speaker and by clip, permuted labels, redrawn speakers."""

    folds: Ints
    clip_folds: Ints | None  # None if they would equal `folds`
    labels: Bools  # [n, 1 + permutations], the true ones first
    draws: Draws


def family_columns(names: list[str]) -> dict[str, list[int]]:
    """Return the columns of every family (the name before the dot), `acoustic` (all but textual), `fused` (all)."""
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
        Names of the columns, ``family.name``.
    clips : Clips
    settings : BlindBaseline
    rng : numpy.random.Generator

    Returns
    -------
    scores : dict of str to FamilyScore
    note : str or None
        The assumption that the folds needed, if any.
    """
    families = family_columns(names)
    if not clips.both:
        nothing = np.full(len(features), np.nan)
        too_few = "fewer than two members or non-members: nothing to predict"
        return {family: FamilyScore(nothing, nothing, None) for family in families}, too_few
    dealt, note = grouped_folds(clips.labels, clips.cluster, settings.folds, rng)
    permuted = permuted_labels(clips.labels, clips.cluster, settings.permutations, rng)
    draws = speaker_draws(clips.cluster, settings.bootstraps, rng)
    every = np.zeros((len(features), 1 + settings.permutations), np.bool_)
    every[clips.known] = np.column_stack([clips.labels, permuted])
    by_clip = _clip_folds(clips, settings.folds, rng)
    deal = _Deal(clips.spread(dealt, -1), by_clip, every, draws)
    return {
        family: _score(features[:, columns], clips, deal, settings.odds_trim, rng)
        for family, columns in families.items()
    }, note


def _score(features: Floats, clips: Clips, deal: _Deal, trim: float, rng: np.random.Generator) -> FamilyScore:
    cluster = clips.spread(clips.cluster, 0)
    parts = out_of_fold_scores(features, deal.labels, deal.folds, cluster)[:, clips.known]
    probability = out_of_fold_probabilities(features, clips.member, deal.folds, cluster, rng)
    weight = np.where(clips.known, odds_weights(probability, clips.member, trim), np.nan)
    alone = {name: _interval(part, clips, deal) for name, part in zip(ESTIMATORS, parts, strict=True)}
    interval = _interval(parts.sum(axis=0), clips, deal)
    return FamilyScore(probability, weight, interval, alone, _same_speakers(features, clips, deal, cluster))


def _clip_folds(clips: Clips, count: int, rng: np.random.Generator) -> Ints | None:
    """Deal clips to folds without regard to speakers: intp[n]."""
    each = np.arange(len(clips.cluster))
    if len(np.unique(clips.cluster)) == len(each):
        return None
    return clips.spread(grouped_folds(clips.labels, each, count, rng)[0], -1)


def _same_speakers(features: Floats, clips: Clips, deal: _Deal, cluster: Ints) -> float | None:
    if deal.clip_folds is None:
        return None
    scores = out_of_fold_scores(features, deal.labels[:, :1], deal.clip_folds, cluster).sum(axis=0)[clips.known, 0]
    return auc(scores, clips.labels)


def _interval(scores: Floats, clips: Clips, deal: _Deal) -> BlindInterval:
    aucs = column_aucs(scores, deal.labels[clips.known])
    drawn = bootstrap_auc(scores[:, 0], clips.labels, clips.cluster, deal.draws)
    return blind_interval(float(aucs[0]), aucs[1:], drawn)


def effective_clips(weight: Floats, member: Bools) -> dict[str, float | int]:
    """Return the result of odds weighting: the number of trimmed clips, and each side's effective size, (Σw)² / Σw².

    Parameters
    ----------
    weight : float64[n]
        NaN if membership is unknown.
    member : bool[n]
    """
    known = np.isfinite(weight)
    found: dict[str, float | int] = {"trimmed": int((weight[known] == 0).sum())}
    for side, chosen in (("member", known & member), ("non_member", known & ~member)):
        held = weight[chosen]
        found[f"effective_{side}"] = float(held.sum() ** 2 / (held**2).sum()) if held.any() else 0.0
    return found
