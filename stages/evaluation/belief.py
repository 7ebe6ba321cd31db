"""Whether the audit believes that a split is random, as declared, and what follows for the population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.inference.statistics import AUCTest, Bools
from stages.core.results.membership import Grade, MembershipReason
from stages.core.words.membership import DIVIDED_BY_CHANCE

BELIEVED_FROM = 0.001
"""A split that is declared randomised is believed if p is at least this, both in the label-permutation test of the
blind baseline and for the attacks on the reference (Bonferroni over these attacks)."""


def graded(
    split: Grade, whole: BlindInterval | None, reference: Mapping[str, AUCTest]
) -> tuple[Grade, list[MembershipReason]]:
    """Return the grade of a split, with the reason if a declared random split is not believed.

    In a random split, neither blind features nor a model that never saw the data can tell members from non-members.

    Parameters
    ----------
    split : Grade
        As declared.
    whole : BlindInterval or None
        Of the blind baseline on the whole corpus; None where it could not be fitted.
    reference : dict of str to AUCTest
        The primary attacks on the reference, on the whole corpus; empty without one.
    """
    if split != "randomised":
        return split, []
    if whole is None:
        return "post_hoc", [MembershipReason.of("split_unchecked")]
    if whole.p < BELIEVED_FROM:
        return "post_hoc", [MembershipReason.of("split_seen_blind", auc=whole.auc, p=whole.p)]
    leak = _leak(reference)
    if leak:
        return "post_hoc", [MembershipReason.of("split_seen_on_reference", attack=leak, auc=reference[leak].auc)]
    return "randomised", []


def _leak(reference: Mapping[str, AUCTest]) -> str | None:
    """Return the attack that separates the corpus most on the reference, in either direction; None if none does."""
    two_sided = {name: 2 * min(test.p, 1 - test.p) for name, test in reference.items() if test.error > 0}
    name = min(two_sided, key=lambda each: (two_sided[each], each), default=None)
    return name if name is not None and two_sided[name] * len(reference) < BELIEVED_FROM else None


def accepted(population: Population, grade: Grade, member: Bools, fewest: int) -> Population:
    """Return the population in which claims are made: the whole corpus if its random split is believed.

    The tolerance excludes a difference in recording that could explain an attack. In a random split there is no such
    difference to exclude, but there is one check: the blind AUC's interval must reach down to 0.5. The tolerance is not
    used here: with fewer than about 150 clips on a side the interval hardly ever ends below it, and two of five random
    splits would have no population.

    Parameters
    ----------
    population : Population
        As found by the blind baseline alone.
    grade : Grade
    member : bool[n]
    fewest : int
        Fewest clips that a population needs on each side.
    """
    whole = population.whole
    enough = min(int(member.sum()), int((~member).sum())) >= fewest
    if grade != "randomised" or population.kind == "whole" or whole is None or whole.low > 0.5 or not enough:
        return population
    rows = np.arange(len(member))
    alone = np.full(len(rows), -1)
    return replace(population, kind="whole", indices=rows, pairs=alone, blind=whole, reason=DIVIDED_BY_CHANCE)
