"""The clips in which a claim is made, as they stand in the files of `blind_baseline` and `evaluation`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

import numpy as np

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.inference.statistics import Bools, Ints
from stages.core.results.model import Interval, Result


class BlindResult(Result):
    """A blind AUC with its interval, its mean and deviation over permuted labels, and its p among these."""

    auc: float | None
    low: float | None
    high: float | None
    deviation: float | None
    mean: float | None
    p: float | None

    @classmethod
    def of(cls, found: BlindInterval | None) -> BlindResult | None:
        """Return what is written of an interval; None without one."""
        return None if found is None else cls(**asdict(found))

    def interval(self) -> BlindInterval:
        """Return the interval again; JSON has null for what is not a number."""
        return BlindInterval(**{key: float("nan") if value is None else value for key, value in self})


class PopulationResult(Result):
    """A population: its kind (null where there is none), its clips, and its blind AUC beside that of all clips."""

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
        """Return what is written of a population, given the labels of all clips."""
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
        """Make the population again from its rows; its score stays behind."""
        blind, whole = (None if found is None else found.interval() for found in (self.blind, self.whole))
        return Population(self.kind, indices, pairs, blind, whole, np.zeros(0), self.reason, self.searched)
