"""The population: the clips in which a claim may be made, because no blind baseline separates their two classes.

A blind baseline, which never sees the model, is fitted on the whole corpus. If it is at chance, the whole corpus is the
population. Otherwise members and non-members are matched on its cross-fitted score. The pairs that stand out most are
given up where chance may have made them, and a blind baseline refitted on the rest must be at chance. Within such a
population no measured difference in recording explains an attack (simulations: docs/evidence.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stages.core.inference.blind import BlindFit, BlindInterval, PopulationSettings, blind_auc
from stages.core.inference.matching import give_up, match, spread_within
from stages.core.inference.statistics import Bools, Floats, Ints, renumbered

CALIPERS = (1.0, 0.5, 0.25)
"""Shares of the caliper, tried in this order: the largest subset first."""

GIVEN_UP_AT_ONCE = 0.025
MOST_GIVEN_UP = 0.2
"""Shares of a match's pairs to give up, the most outstanding first, before a tighter caliper is tried."""

BY_CHANCE = 0.001
"""Pairs are given up only if p over permuted labels is at least this: chance may then have made them stand out."""


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
        """Return whether recording differences, not the number of clips, are why there is no population."""
        return self.kind is None and self.whole is not None and (self.searched or self.whole.low > 0.5)


def find_population(
    features: Floats,
    member: Bools,
    cluster: Ints,
    settings: PopulationSettings,
    rng: np.random.Generator,
    second: BlindFit | None = None,
) -> Population:
    """Find the largest set of clips, in a short fixed sequence, in which the blind baseline is at chance.

    Parameters
    ----------
    features : float64[n, d]
        Finite; features that do not involve the model.
    member : bool[n]
    cluster : intp[n]
        Speaker codes 0 to G - 1.
    settings : PopulationSettings
    rng : numpy.random.Generator
    second : BlindFit, optional
        Another blind baseline beside the ridge regression, such as one that is not linear. It must be at chance in
        the population as well (its interval covers 0.5). Where matching on the ridge regression's score gives no
        population, its score is matched on.

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
    search = _Search(features, member, cluster, settings, rng, second)
    score, whole = search.blind()
    if fewest < settings.min_matched:
        wanted = settings.min_matched
        return _none(whole, score, f"{fewest} clips on the smaller side, fewer than the {wanted} that are needed")
    scores, alike = [score], True
    if second:
        other, seen = search.blind(fit=second)
        scores, alike = [score, other], seen.low <= 0.5
    if whole.not_above_chance(settings.tolerance) and alike:
        rows = np.arange(len(member))
        return Population("whole", rows, np.full(len(rows), -1), whole, whole, score, "the whole corpus is at chance")
    return search.matched(scores, whole)


def _none(whole: BlindInterval | None, score: Floats, reason: str, searched: bool = False) -> Population:
    return Population(None, np.zeros(0, np.intp), np.zeros(0, np.intp), None, whole, score, reason, searched)


@dataclass(frozen=True)
class _Search:
    """The arguments of `find_population`."""

    features: Floats
    member: Bools
    cluster: Ints
    settings: PopulationSettings
    rng: np.random.Generator
    second: BlindFit | None

    def blind(self, rows: Ints | None = None, fit: BlindFit | None = None) -> tuple[Floats, BlindInterval]:
        """Fit a blind baseline, by default the ridge regression, on some rows or on all."""
        kept = np.arange(len(self.member)) if rows is None else rows
        part = (self.features[kept], self.member[kept], renumbered(self.cluster[kept]))
        return blind_auc(*part, self.settings, self.rng, *([fit] if fit else []))

    def matched(self, scores: Sequence[Floats], whole: BlindInterval) -> Population:
        """Try tighter and tighter caliper matches until the refitted blind baselines are at chance.

        A blind score is a linear discriminant or a sum of logits, so it is an affine function of the logit of the
        membership probability. Calipers are in its own deviations within classes.
        """
        tried: list[str] = []
        for score in scores:
            for caliper in (self.settings.caliper * share for share in CALIPERS):
                rows, pairs = match(score, self.member, caliper * spread_within(score, self.member))
                found = f"{len(rows) // 2} pairs within {caliper:.2g} deviations"
                if len(rows) < 2 * self.settings.min_matched:
                    tried.append(f"{found} are too few")
                    break
                first = len(rows) // 2
                rows, pairs, blind, good = self._thinned(rows, pairs)
                given_up = first - len(rows) // 2
                less = f", but for {given_up} that stood out," if given_up else ""
                if good:
                    reason = f"{found.replace('pairs', 'pairs matched')}{less} are at chance"
                    return Population("matched", rows, pairs, blind, whole, scores[0], reason, True)
                tried.append(f"{found}{less} have a blind AUC of {blind.auc:.2f} [{blind.low:.2f}, {blind.high:.2f}]")
        return _none(whole, scores[0], "no matched subset is at chance: " + "; ".join(tried), True)

    def _thinned(self, rows: Ints, pairs: Ints) -> tuple[Ints, Ints, BlindInterval, bool]:
        """Refit on a match, and give up the pairs that stand out most in that score, until it is at chance.

        Pairs are given up only where chance may have made them stand out (p ≥ .001). Of random halves of 95 clips every
        second one has an upper bound above the tolerance, because so few clips exclude little. A match that chance
        cannot explain needs a tighter caliper. Neither step looks at the model's scores.
        """
        at_once = max(1, round(GIVEN_UP_AT_ONCE * len(pairs) / 2))
        fewest = max(2 * self.settings.min_matched, round((1 - MOST_GIVEN_UP) * len(pairs)))
        while True:
            score, blind = self.blind(rows)
            if blind.at_chance(self.settings.tolerance):
                return rows, pairs, *self._also(rows, blind)
            if blind.p < BY_CHANCE or blind.high < 0.5 or len(rows) - 2 * at_once < fewest:
                return rows, pairs, blind, False
            stay = give_up(score, self.member[rows], pairs, at_once)
            rows, pairs = rows[stay], pairs[stay]

    def _also(self, rows: Ints, blind: BlindInterval) -> tuple[BlindInterval, bool]:
        """Fit the second baseline; return the interval that decides and whether the rows are at chance."""
        if self.second is None:
            return blind, True
        _, seen = self.blind(rows, self.second)
        return (blind, True) if seen.low <= 0.5 else (seen, False)
