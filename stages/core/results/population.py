"""The population (the clips about which a claim is made) as `blind_baseline` and `evaluation` write it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

import numpy as np

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.inference.statistics import Bools, Ints
from stages.core.results.model import Interval, Result


class BlindResult(Result):
    """A blind AUC with its interval; mean and deviation of the AUCs over permuted labels, and the p value from them."""

    auc: float | None
    low: float | None
    high: float | None
    deviation: float | None
    mean: float | None
    p: float | None

    @classmethod
    def of(cls, found: BlindInterval | None) -> BlindResult | None:
        """Return an interval in the form that is written to files; None stays None."""
        return None if found is None else cls(**asdict(found))

    def interval(self) -> BlindInterval:
        """Return the interval as computed; null in JSON stands for NaN."""
        return BlindInterval(**{key: float("nan") if value is None else value for key, value in self})


class PopulationResult(Result):
    """A population: its kind (null without a population), its clips, its blind AUC, and that of all clips (`whole`)."""

    kind: Literal["whole", "matched"] | None
    member: int
    non_member: int
    blind_auc: float | None
    blind_auc_ci: Interval | None
    permutation_p: float | None
    blind: BlindResult | None
    whole: BlindResult | None
    reason: str
    searched: bool

    @classmethod
    def of(cls, found: Population, member: Bools) -> PopulationResult:
        """Return a population in the form that is written to files, given the labels of all clips."""
        held, blind = member[found.indices], found.blind
        return cls(
            kind=found.kind,
            member=int(held.sum()),
            non_member=int((~held).sum()),
            blind_auc=blind.auc if blind else None,
            blind_auc_ci=(blind.low, blind.high) if blind else None,
            permutation_p=found.whole.p if found.whole else None,
            blind=BlindResult.of(blind),
            whole=BlindResult.of(found.whole),
            reason=found.reason,
            searched=found.searched,
        )

    def population(self, indices: Ints, pairs: Ints) -> Population:
        """Return the population with the given rows and pairs; its blind score was not written and is empty."""
        blind, whole = (None if found is None else found.interval() for found in (self.blind, self.whole))
        return Population(self.kind, indices, pairs, blind, whole, np.zeros(0), self.reason, self.searched)
