"""One attack in figures: how well it separates the corpus as given, and what it shares with the blind score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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
from stages.core.inference.conformal import benjamini_hochberg, conformal_p, conformal_threshold
from stages.core.inference.crossfit import splits
from stages.core.inference.folds import grouped_folds
from stages.core.inference.statistics import Bools, Floats, Ints, auc, delong_error

RATES = (0.01, 0.05)
FALSE_DISCOVERIES = 0.05
"""Share of false discoveries at which single clips are called members."""
RARE_RATE = 0.001
RARE_RATE_NEGATIVES = 5000
"""Non-members from which the true-positive rate at 0.1 % false positives is more than a lottery."""


@dataclass(frozen=True)
class CorpusContext:
    """What all attacks of an audit are described against.

    Attributes
    ----------
    member : bool[n]
    cluster : intp[n]
    blind : float64[n]
        Cross-fitted blind probability of membership.
    weight : float64[n]
        Odds weights from it.
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


def describe(score: Floats, corpus: CorpusContext, nested: bool) -> dict[str, Any]:
    """Return an attack's descriptive figures on the corpus as given.

    Parameters
    ----------
    score : float64[n]
        NaN where there is none.
    corpus : CorpusContext
    nested : bool
        Whether to refit the blind score with the attack, which costs most; else `delta_auc` is None.

    Returns
    -------
    dict
        Keys as in `metrics.json`; figures are None where a class has no score.
    """
    known = np.isfinite(score)
    s, member, cluster = score[known], corpus.member[known], corpus.cluster[known]
    both = bool(member.any() and not member.all())
    found: dict[str, Any] = {"n": len(s), "auc": None, "auc_ci": None, "delong_ci": None, "tpr_at_fpr": {}}
    found["discoveries"] = 0
    found |= dict.fromkeys(("blind_correlation", "conditional_p", "delta_auc", "delta_auc_ci", "weighted_auc"))
    found["effective_n"] = 0.0
    if not both:
        return found
    area, half = auc(s, member), 1.96 * delong_error(s, member)
    found["auc"] = area
    found["auc_ci"] = list(percentile_interval(bootstrap_auc(s, member, cluster, corpus.draws)))
    found["delong_ci"] = [max(0.0, area - half), min(1.0, area + half)]
    found["tpr_at_fpr"] = _rates(s, member, cluster, corpus.draws)
    found["discoveries"] = int((benjamini_hochberg(conformal_p(s[member], s[~member])) <= FALSE_DISCOVERIES).sum())
    return found | _given_blind(s, known, corpus, nested)


def _rates(score: Floats, member: Bools, cluster: Ints, draws: Draws) -> dict[str, dict[str, Any]]:
    rates = RATES + ((RARE_RATE,) if (~member).sum() >= RARE_RATE_NEGATIVES else ())
    found = {}
    for rate in rates:
        drawn = bootstrap_tpr(score, member, cluster, draws, rate)
        found[str(rate)] = {
            "tpr": tpr_at_fpr(score, member, rate),
            "ci": list(percentile_interval(drawn)),
            "threshold": _threshold(score[~member], rate),
        }
    return found


def _threshold(negatives: Floats, rate: float) -> float | None:
    """Return the conformal threshold; None where there are too few negatives for one."""
    try:
        return conformal_threshold(negatives, rate)
    except EarwitnessError:
        return None


def _given_blind(score: Floats, known: Bools, corpus: CorpusContext, nested: bool) -> dict[str, Any]:
    member, cluster, blind = corpus.member[known], corpus.cluster[known], blind_logit(corpus.blind[known])
    varies = np.ptp(score) > 0 and np.ptp(blind) > 0
    area, effective = weighted_auc(score, member, corpus.weight[known])
    found: dict[str, Any] = {
        "blind_correlation": float(np.corrcoef(score, blind)[0, 1]) if varies else 0.0,
        "conditional_p": likelihood_ratio_p(blind, score, member),
        "weighted_auc": area,
        "effective_n": effective,
    }
    folds = corpus.folds[known]
    if nested and all(0 < member[split.train].sum() < split.train.sum() for split in splits(folds)):
        gain, interval = delta_auc(blind, score, member, cluster, folds, corpus.draws)
        found |= {"delta_auc": gain, "delta_auc_ci": list(interval)}
    return found
