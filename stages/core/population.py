"""The clips in which a claim may be made: those that nothing but the model tells apart.

A blind baseline, which never heard of the model, is fitted on the whole corpus. If it is at chance, the whole corpus
is the population; else members and non-members are matched on its cross-fitted score and a blind baseline refitted
on the match must be at chance. Within such a population a difference in recording, as far as anything measured it,
explains no attack (simulations: docs/evidence.md).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import t

from stages.core.bootstrap import bootstrap_auc, speaker_draws
from stages.core.folds import grouped_folds, permuted_labels
from stages.core.ridge import CrossFittedRidge
from stages.core.statistics import Bools, Floats, Ints, column_aucs, renumbered

CALIPERS = (1.0, 0.5, 0.25)
"""Shares of the caliper that are tried in turn, the largest subset first."""


@dataclass(frozen=True)
class PopulationSettings:
    """How a population is searched for; the defaults are those of `params.yaml`.

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
    """A blind AUC with an interval that holds under random labels.

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

        Enough for a whole corpus, where only chance takes a cross-fitted AUC below 0.5. In a match it is not: a
        score that was matched on points the other way among its noise, and an AUC as far below 0.5 as it was above
        shows that nothing was gained.
        """
        return self.low <= 0.5 and self.high <= tolerance


@dataclass(frozen=True)
class Population:
    """Where a claim may be made.

    Attributes
    ----------
    kind : "whole", "matched" or None
        None where no subset is at chance.
    indices : intp[m]
        Rows of the population, ascending.
    pairs : intp[m]
        Number of the pair each row belongs to; -1 throughout where nothing was matched.
    blind : BlindInterval or None
        Of the blind baseline fitted on the population.
    whole : BlindInterval or None
        On the whole corpus; None where it could not be fitted.
    score : float64[n]
        Cross-fitted blind score of every clip of the corpus, higher = more like a member; zeros where not fitted.
    reason : str
        How it came about, in plain words.
    searched : bool
        Whether matched subsets were tried.
    """

    kind: Literal["whole", "matched"] | None
    indices: Ints
    pairs: Ints
    blind: BlindInterval | None
    whole: BlindInterval | None
    score: Floats
    reason: str
    searched: bool = False

    @property
    def fails_on_recording(self) -> bool:
        """Return whether there is no population because of how clips were recorded, not of how few they are."""
        return self.kind is None and self.whole is not None and (self.searched or self.whole.low > 0.5)

    def summary(self, member: Bools) -> dict[str, Any]:
        """Return the `population` block of `metrics.json`, from which `population_of` makes it again."""
        held = member[self.indices]
        return {
            "kind": self.kind,
            "member": int(held.sum()),
            "non_member": int((~held).sum()),
            "blind_auc": self.blind.auc if self.blind else None,
            "blind_auc_ci": [self.blind.low, self.blind.high] if self.blind else None,
            "permutation_p": self.whole.p if self.whole else None,
            "blind": asdict(self.blind) if self.blind else None,
            "whole": asdict(self.whole) if self.whole else None,
            "reason": self.reason,
            "searched": self.searched,
        }


def population_of(summary: dict[str, Any], indices: Ints, pairs: Ints) -> Population:
    """Make a population again from its block in `metrics.json` and its rows; its score stays behind."""
    blind, whole = (_interval_of(summary[key]) for key in ("blind", "whole"))
    return Population(
        summary["kind"], indices, pairs, blind, whole, np.zeros(0), summary["reason"], summary["searched"]
    )


def _interval_of(found: dict[str, Any] | None) -> BlindInterval | None:
    """Read an interval; JSON has null for what is not a number."""
    if found is None:
        return None
    return BlindInterval(**{key: float("nan") if value is None else value for key, value in found.items()})


def blind_interval(auc: float, permuted: Floats, bootstrapped: Floats) -> BlindInterval:
    """Put together a blind AUC, its values on permuted labels and its clustered bootstrap.

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
    # A quantity that is not defined (too few speakers) leaves everything possible.
    half = 1.96 * float(np.max([np.nanstd(bootstrapped) if np.isfinite(bootstrapped).any() else np.inf, deviation]))
    half = half if np.isfinite(half) else 1.0
    p = 1.0
    if deviation > 1e-9:
        z = (auc - mean) / (deviation * np.sqrt(1 + 1 / len(permuted)))
        p = float(t.sf(z, len(permuted) - 1))
    return BlindInterval(auc, max(0.0, auc - half), min(1.0, auc + half), deviation, mean, p)


def find_population(
    features: Floats, member: Bools, cluster: Ints, settings: PopulationSettings, rng: np.random.Generator
) -> Population:
    """Find the largest set of clips, in a short fixed sequence, in which the blind baseline is at chance.

    Parameters
    ----------
    features : float64[n, d]
        Finite; what is known of a clip without the model.
    member : bool[n]
    cluster : intp[n]
        Speaker codes 0 to G - 1.
    settings : PopulationSettings
    rng : numpy.random.Generator

    Returns
    -------
    Population
        With `kind` None, and the reason, where a side has too few clips, no feature varies, or nothing is at chance.
    """
    fewest = int(min(member.sum(), (~member).sum()))
    score = np.zeros(len(member))
    if fewest < 2:
        return _none(None, score, f"only {fewest} of one side: members and non-members are both needed")
    if not (features.std(axis=0) > 0).any():
        return _none(None, score, "no blind feature varies, so nothing is known of how the clips were recorded")
    score, whole = fit_blind(features, member, cluster, settings, rng)
    if fewest < settings.min_matched:
        wanted = settings.min_matched
        return _none(whole, score, f"{fewest} clips on the smaller side, fewer than the {wanted} that are needed")
    if whole.not_above_chance(settings.tolerance):
        rows = np.arange(len(member))
        return Population("whole", rows, np.full(len(rows), -1), whole, whole, score, "the whole corpus is at chance")
    return _matched(features, member, cluster, score, whole, settings, rng)


def _none(whole: BlindInterval | None, score: Floats, reason: str, searched: bool = False) -> Population:
    return Population(None, np.zeros(0, np.intp), np.zeros(0, np.intp), None, whole, score, reason, searched)


def fit_blind(
    features: Floats, member: Bools, cluster: Ints, settings: PopulationSettings, rng: np.random.Generator
) -> tuple[Floats, BlindInterval]:
    """Fit the blind baseline.

    Parameters
    ----------
    features : float64[n, d]
        Finite; some of them vary.
    member : bool[n]
        At least two of each.
    cluster : intp[n]
        Speaker codes 0 to G - 1.
    settings : PopulationSettings
    rng : numpy.random.Generator

    Returns
    -------
    score : float64[n]
        Out of fold.
    interval : BlindInterval
        Of its AUC.
    """
    folds, _ = grouped_folds(member, cluster, settings.folds, rng)
    labels = np.column_stack([member, permuted_labels(member, cluster, settings.permutations, rng)])
    scores = CrossFittedRidge(features, folds).predict(labels.astype(np.float64))
    aucs = column_aucs(scores, labels)
    draws = speaker_draws(cluster, settings.bootstraps, rng)
    interval = blind_interval(float(aucs[0]), aucs[1:], bootstrap_auc(scores[:, 0], member, cluster, draws))
    return scores[:, 0], interval


def _matched(
    features: Floats,
    member: Bools,
    cluster: Ints,
    score: Floats,
    whole: BlindInterval,
    settings: PopulationSettings,
    rng: np.random.Generator,
) -> Population:
    """Try caliper matches, each tighter than the one before, until a refitted blind baseline is at chance.

    The ridge score is a linear discriminant, hence (for normal features) an affine function of the logit of the
    probability of membership: calipers are in its own deviations within classes.
    """
    within = np.sqrt((score[member].var() + score[~member].var()) / 2)
    tried = []
    for share in CALIPERS:
        indices, pairs = match(score, member, settings.caliper * share * float(within))
        if len(indices) < 2 * settings.min_matched:
            tried.append(f"{len(indices) // 2} pairs within {settings.caliper * share:.2g} deviations are too few")
            break
        _, refitted = fit_blind(features[indices], member[indices], renumbered(cluster[indices]), settings, rng)
        if refitted.at_chance(settings.tolerance):
            reason = f"{len(indices) // 2} pairs matched within {settings.caliper * share:.2g} deviations are at chance"
            return Population("matched", indices, pairs, refitted, whole, score, reason, True)
        tried.append(
            f"{len(indices) // 2} pairs within {settings.caliper * share:.2g} deviations have a blind AUC of "
            f"{refitted.auc:.2f} [{refitted.low:.2f}, {refitted.high:.2f}]"
        )
    return _none(whole, score, "no matched subset is at chance: " + "; ".join(tried), True)


def match(score: Floats, member: Bools, caliper: float) -> tuple[Ints, Ints]:
    """Match members to non-members of nearest score, one to one, within a caliper.

    Members choose in the order of falling score: the higher it is, the fewer non-members are near.

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
    free = [int(row) for row in np.argsort(score, kind="stable") if not member[row]]
    values = [float(score[row]) for row in free]
    choosing = np.flatnonzero(member)
    pairs: dict[int, int] = {}
    for number, row in enumerate(choosing[np.argsort(-score[choosing], kind="stable")]):
        at = bisect_left(values, score[row])
        near = [place for place in (at - 1, at) if 0 <= place < len(values)]
        best = min(near, key=lambda place: abs(values[place] - score[row]), default=None)
        if best is not None and abs(values[best] - score[row]) <= caliper:
            pairs[int(row)] = pairs[free[best]] = number
            del values[best], free[best]
    indices = np.array(sorted(pairs), np.intp)
    return indices, np.array([pairs[int(row)] for row in indices], np.intp)
