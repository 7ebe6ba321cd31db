"""Whether a split that calls itself random is believed, and what follows for the clips in which a claim may be made."""

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
"""Least p at which a split that is declared randomised is believed: of the label-permutation test of the blind
baseline, and of the attacks on the reference (Bonferroni over them)."""


def graded(
    split: Grade, whole: BlindInterval | None, reference: Mapping[str, AUCTest]
) -> tuple[Grade, list[MembershipReason]]:
    """Return the grade of a split, with the reason where a declared random split is not believed.

    Neither the recording nor a model that never saw the data may tell members of a random split from the others.

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
    """Return the attack that separates the corpus most on the reference, in either direction, if any does."""
    two_sided = {name: 2 * min(test.p, 1 - test.p) for name, test in reference.items() if test.error > 0}
    name = min(two_sided, key=lambda each: (two_sided[each], each), default=None)
    return name if name is not None and two_sided[name] * len(reference) < BELIEVED_FROM else None


def accepted(population: Population, grade: Grade, member: Bools, fewest: int) -> Population:
    """Return the population in which claims are made: the whole of a corpus whose random split is believed.

    The tolerance excludes a difference in recording that could explain an attack. Where chance decided there is none
    to exclude, only to look for: the blind AUC's interval must reach down to 0.5. With fewer than about 150 clips on
    a side it can hardly end below the tolerance, and two random splits of five would be left without a population.

    Parameters
    ----------
    population : Population
        As the blind baseline alone found it.
    grade : Grade
    member : bool[n]
    fewest : int
        Clips that a population needs on each side.
    """
    whole = population.whole
    enough = min(int(member.sum()), int((~member).sum())) >= fewest
    if grade != "randomised" or population.kind == "whole" or whole is None or whole.low > 0.5 or not enough:
        return population
    rows = np.arange(len(member))
    alone = np.full(len(rows), -1)
    return replace(population, kind="whole", indices=rows, pairs=alone, blind=whole, reason=DIVIDED_BY_CHANCE)
