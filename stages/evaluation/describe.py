"""The figures of one attack: how well it separates the corpus as given, and its overlap with the blind score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control

from stages.core.errors import EarwitnessError
from stages.core.inference.bootstrap import (
    Draws,
    bootstrap_auc,
    bootstrap_tpr,
    percentile_interval,
    speaker_draws,
    tpr_at_fpr,
)
from stages.core.inference.conditional import blind_logit, delta_auc, likelihood_ratio_p, weighted_auc
from stages.core.inference.conformal import conformal_p, conformal_threshold
from stages.core.inference.crossfit import splits
from stages.core.inference.folds import grouped_folds
from stages.core.inference.statistics import Bools, Floats, Ints, auc, delong_error
from stages.core.results.membership import AttackDescription, TruePositives

RATES = (0.01, 0.05)
FALSE_DISCOVERIES = 0.05
"""False-discovery rate at which single clips are called members."""
RARE_RATE = 0.001
RARE_RATE_NEGATIVES = 5000
"""Fewest non-members for a true-positive rate at 0.1 % false positives; with fewer, chance dominates it."""


@dataclass(frozen=True)
class CorpusContext:
    """What the descriptions of all attacks of an audit share.

    Attributes
    ----------
    member : bool[n]
    cluster : intp[n]
    blind : float64[n]
        Cross-fitted blind probability of membership.
    weight : float64[n]
        Odds weights from `blind`.
    folds : intp[n]
    draws : float32[count, G]
        Speakers redrawn, the same for every attack.
    """

    member: Bools
    cluster: Ints
    blind: Floats
    weight: Floats
    folds: Ints
    draws: Draws


def corpus_of(
    member: Bools,
    cluster: Ints,
    blind: Floats,
    weight: Floats,
    folds: int,
    bootstraps: int,
    rng: np.random.Generator,
) -> CorpusContext:
    """Deal folds and redraw speakers once for all attacks."""
    dealt, _ = grouped_folds(member, cluster, folds, rng)
    return CorpusContext(member, cluster, blind, weight, dealt, speaker_draws(cluster, bootstraps, rng))


def describe(score: Floats, corpus: CorpusContext, nested: bool) -> AttackDescription:
    """Return an attack's descriptive figures on the corpus as given.

    Parameters
    ----------
    score : float64[n]
        NaN if a clip has no score.
    corpus : CorpusContext
    nested : bool
        Whether to refit the blind score with the attack, the most expensive part; if not, `delta_auc` is None.

    Returns
    -------
    AttackDescription
        Figures are None if a class has no score.
    """
    known = np.isfinite(score)
    s, member, cluster = score[known], corpus.member[known], corpus.cluster[known]
    if not member.any() or member.all():
        return AttackDescription(n=len(s))
    area, half = auc(s, member), 1.96 * delong_error(s, member)
    blind = blind_logit(corpus.blind[known])
    varies = np.ptp(s) > 0 and np.ptp(blind) > 0
    weighted, effective = weighted_auc(s, member, corpus.weight[known])
    gain, gain_interval = _gain(s, blind, known, corpus) if nested else (None, None)
    return AttackDescription(
        n=len(s),
        auc=area,
        auc_ci=percentile_interval(bootstrap_auc(s, member, cluster, corpus.draws)),
        delong_ci=(max(0.0, area - half), min(1.0, area + half)),
        tpr_at_fpr=_rates(s, member, cluster, corpus.draws),
        discoveries=int((false_discovery_control(conformal_p(s[member], s[~member])) <= FALSE_DISCOVERIES).sum()),
        blind_correlation=float(np.corrcoef(s, blind)[0, 1]) if varies else 0.0,
        conditional_p=likelihood_ratio_p(blind, s, member),
        delta_auc=gain,
        delta_auc_ci=gain_interval,
        weighted_auc=weighted,
        effective_n=effective,
    )


def _rates(score: Floats, member: Bools, cluster: Ints, draws: Draws) -> dict[str, TruePositives]:
    rates = RATES + ((RARE_RATE,) if (~member).sum() >= RARE_RATE_NEGATIVES else ())
    found = {}
    for rate in rates:
        drawn = bootstrap_tpr(score, member, cluster, draws, rate)
        found[str(rate)] = TruePositives(
            tpr=tpr_at_fpr(score, member, rate),
            ci=percentile_interval(drawn),
            threshold=_threshold(score[~member], rate),
        )
    return found


def _threshold(negatives: Floats, rate: float) -> float | None:
    """Return the conformal threshold; None where there are too few negatives for one."""
    try:
        return conformal_threshold(negatives, rate)
    except EarwitnessError:
        return None


def _gain(
    score: Floats, blind: Floats, known: Bools, corpus: CorpusContext
) -> tuple[float | None, tuple[float, float] | None]:
    """Return what the attack adds to the blind score's AUC; None where a fold leaves one class to learn from."""
    member, cluster, folds = corpus.member[known], corpus.cluster[known], corpus.folds[known]
    if not all(0 < member[split.train].sum() < split.train.sum() for split in splits(folds)):
        return None, None
    return delta_auc(blind, score, member, cluster, folds, corpus.draws)
