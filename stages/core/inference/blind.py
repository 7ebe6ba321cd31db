"""How well a blind baseline, which never sees the model, separates members from non-members: an AUC with its interval.

In: features, labels, speakers and how to fit. Out: the out-of-fold score, and an interval that is valid under random
labels, because it includes refits on permuted labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from stages.core.inference.bootstrap import bootstrap_auc, speaker_draws
from stages.core.inference.folds import grouped_folds, permuted_labels
from stages.core.inference.ridge import CrossFittedRidge
from stages.core.inference.statistics import Bools, Floats, Ints, column_aucs

BlindFit = Callable[[Floats, Bools, Ints, Ints], Floats]
"""In: features float64[n, d], label vectors bool[n, k], folds and speakers intp[n]. Out: out-of-fold scores."""


@dataclass(frozen=True)
class PopulationSettings:
    """How a population is searched; the defaults are those of `params.yaml`.

    Attributes
    ----------
    folds : int
    permutations : int
        Refits on permuted labels.
    bootstraps : int
    tolerance : float
        Upper bound of the blind AUC's interval in a valid population.
    caliper : float
        Largest difference within a pair, in deviations of the blind score within classes.
    min_matched : int
        Clips that a population needs on each side.
    """

    folds: int = 5
    permutations: int = 60
    bootstraps: int = 1000
    tolerance: float = 0.60
    caliper: float = 0.2
    min_matched: int = 60


@dataclass(frozen=True)
class BlindInterval:
    """A blind AUC with an interval that is valid under random labels.

    Attributes
    ----------
    auc : float
    low, high : float
        AUC ± 1.96 · max(clustered bootstrap error, deviation over refits on permuted labels), cut to [0, 1].
        The first alone covers 0.5 in only .78 to .87 of corpora with random labels.
    deviation, mean : float
        Of the AUC over refits on permuted labels.
    p : float
        Of the AUC among these, by Student's t: with 60 of them the smallest share would be 1/61.
    """

    auc: float
    low: float
    high: float
    deviation: float
    mean: float
    p: float

    def at_chance(self, tolerance: float) -> bool:
        """Return whether the interval covers 0.5 and excludes anything above `tolerance`."""
        return self.not_above_chance(tolerance) and self.high >= 0.5

    def not_above_chance(self, tolerance: float) -> bool:
        """Return whether the interval reaches down to 0.5 and excludes anything above `tolerance`.

        This is enough for a whole corpus, where only chance brings a cross-fitted AUC below 0.5. It is not enough for
        a match: the score that was matched on can point the other way in its noise. An AUC as far below 0.5 as it was
        above shows that the match gained nothing.
        """
        return self.low <= 0.5 and self.high <= tolerance


def blind_interval(auc: float, permuted: Floats, bootstrapped: Floats) -> BlindInterval:
    """Combine a blind AUC, its values on permuted labels and its clustered bootstrap.

    Parameters
    ----------
    auc : float
    permuted : float64[permutations]
        AUCs of refits on permuted labels.
    bootstrapped : float64[bootstraps]
        AUCs of the fixed out-of-fold score in redrawn speakers.
    """
    permuted = permuted[np.isfinite(permuted)]
    deviation = float(permuted.std(ddof=1)) if len(permuted) > 1 else float("nan")
    mean = float(permuted.mean()) if len(permuted) else float("nan")
    # With too few speakers the quantity is not defined: the interval is [0, 1].
    half = 1.96 * float(np.max([np.nanstd(bootstrapped) if np.isfinite(bootstrapped).any() else np.inf, deviation]))
    half = half if np.isfinite(half) else 1.0
    p = 1.0
    if deviation > 1e-9:
        z = (auc - mean) / (deviation * np.sqrt(1 + 1 / len(permuted)))
        p = float(t.sf(z, len(permuted) - 1))
    return BlindInterval(auc, max(0.0, auc - half), min(1.0, auc + half), deviation, mean, p)


def ridge_scores(features: Floats, labels: Bools, folds: Ints, cluster: Ints) -> Floats:
    """Return the out-of-fold scores of ridge regressions, one for each label vector: float64[n, k]."""
    return CrossFittedRidge(features, folds).predict(labels.astype(np.float64))


def blind_auc(
    features: Floats,
    member: Bools,
    cluster: Ints,
    settings: PopulationSettings,
    rng: np.random.Generator,
    fit: BlindFit = ridge_scores,
) -> tuple[Floats, BlindInterval]:
    """Fit the blind baseline: its out-of-fold score, float64[n], and its AUC with the interval."""
    folds, _ = grouped_folds(member, cluster, settings.folds, rng)
    labels = np.column_stack([member, permuted_labels(member, cluster, settings.permutations, rng)])
    scores = fit(features, labels, folds, cluster)
    aucs = column_aucs(scores, labels)
    draws = speaker_draws(cluster, settings.bootstraps, rng)
    interval = blind_interval(float(aucs[0]), aucs[1:], bootstrap_auc(scores[:, 0], member, cluster, draws))
    return scores[:, 0], interval
