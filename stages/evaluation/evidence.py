"""What the primary attacks show: on the corpus as given, in the population, and beyond the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.core.inference.population import Population
from stages.core.inference.statistics import AUCTest, Bools, Floats, Ints, clustered_test, holm
from stages.core.results.membership import AttackTests, CalibratedResult
from stages.evaluation.calibration import CalibratedDifference, calibrate
from stages.evaluation.case import AuditCase
from stages.evaluation.settings import RuleSettings


@dataclass(frozen=True)
class AttackEvidence:
    """The evidence of one primary attack.

    Attributes
    ----------
    whole : AUCTest
        On the corpus as given.
    held : AUCTest or None
        In the population; None without a population.
    calibrated : CalibratedDifference or None
        In the population; None without a usable reference.
    whole_p, held_p, supported_p : float
        Holm-adjusted over the primary attacks. `supported_p` uses the larger of the attack's p and the calibrated
        difference's p at c, and 1.0 if the placebo fails or the reference separates by an unknown c.
    """

    whole: AUCTest
    held: AUCTest | None
    calibrated: CalibratedDifference | None
    whole_p: float
    held_p: float
    supported_p: float

    def separates_whole(self, alpha: float) -> bool:
        """Return whether the attack separates the corpus as given."""
        return _significant(self.whole, self.whole_p, alpha)

    def separates(self, alpha: float) -> bool:
        """Return whether the attack separates the population."""
        return self.held is not None and _significant(self.held, self.held_p, alpha)

    def supported(self, alpha: float) -> bool:
        """Return whether the attack separates the population and the negative control holds.

        The test at the margin uses the level without correction. It checks an assumption behind one attack's claim. It
        is not another search for memory, so Holm's correction does not count it.
        """
        found = self.calibrated
        return self.separates(alpha) and found is not None and max(self.supported_p, found.margin.p) < alpha

    def reversed(self) -> bool:
        """Return whether members score lower than non-members in the corpus as given, beyond chance."""
        return self.whole.interval(0.999)[1] < 0.5

    def smallest_detectable(self, alpha: float, adjusted: float, controlled: bool) -> float:
        """Return the smallest AUC that the rule would have found with a chance of 80 %."""
        if self.held is None:
            return 1.0
        smallest = self.held.smallest_detectable(adjusted)
        if controlled and self.calibrated is not None:
            smallest = max(smallest, self.calibrated.smallest_detectable(alpha, adjusted))
        return smallest

    def result(self) -> AttackTests:
        """Return the tests that the verdict rests on."""
        return AttackTests(
            p_whole=self.whole.p,
            p=self.held.p if self.held else None,
            holm_p=self.held_p if self.held else None,
            population_auc=self.held.auc if self.held else None,
            population_auc_ci=self.held.interval() if self.held else None,
            calibrated_difference=_calibrated(self.calibrated, self.supported_p),
        )


def _significant(test: AUCTest, adjusted_p: float, alpha: float) -> bool:
    return adjusted_p < alpha and test.interval()[0] > 0.5


def _calibrated(found: CalibratedDifference | None, supported_p: float) -> CalibratedResult | None:
    if found is None:
        return None
    return CalibratedResult(
        auc=found.difference.auc,
        auc_ci=found.difference.interval(),
        p=found.p,
        holm_p=supported_p,
        margin_p=found.margin.p,
        c=found.c,
        identified=found.identified,
        tested_c=list(found.values),
        first_stage_f=found.first_stage,
        placebo_p=found.placebo_p,
        placebo_holds=found.placebo_holds,
        reference_p=found.reference.p,
        reference_allows=found.reference_allows,
    )


def weigh(
    case: AuditCase, population: Population, settings: RuleSettings, rng: np.random.Generator
) -> dict[str, AttackEvidence]:
    """Test every attack of a case; each counts as primary.

    Parameters
    ----------
    case : AuditCase
    population : Population
        Its indices are rows of the case.
    settings : RuleSettings
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to AttackEvidence
    """
    whole = [tested(column, case.member, case.cluster) for column in case.scores.T]
    held: list[AUCTest | None] = [None] * len(whole)
    calibrated: list[CalibratedDifference | None] = [None] * len(whole)
    if population.kind is not None:
        rows = population.indices
        member, cluster = case.member[rows], case.cluster[rows]
        held = [tested(column, member, cluster) for column in case.scores[rows].T]
        if case.reference is not None and case.run_otherwise is None:
            calibrated = calibrate(
                case.scores[rows],
                case.reference[rows],
                case.features[rows],
                member,
                cluster,
                settings.margin,
                settings.population.folds,
                rng,
            )
    whole_p = holm(np.array([test.p for test in whole]))
    held_p = holm(np.array([test.p if test else 1.0 for test in held]))
    supported_p = holm(np.array([_supported(test, found) for test, found in zip(held, calibrated, strict=True)]))
    adjusted = zip(whole_p.tolist(), held_p.tolist(), supported_p.tolist(), strict=True)
    found = zip(case.names, whole, held, calibrated, adjusted, strict=True)
    return {name: AttackEvidence(a, b, d, *p) for name, a, b, d, p in found}


def tested(score: Floats, member: Bools, cluster: Ints) -> AUCTest:
    """Test one attack on the clips for which it has a score."""
    known = np.isfinite(score)
    return clustered_test(score[known], member[known], cluster[known])


def beyond_p(test: AUCTest | None, found: CalibratedDifference | None) -> float:
    """Return the larger of an attack's p and its calibrated difference's p at c; 1.0 if one of them is missing."""
    return 1.0 if test is None or found is None else max(test.p, found.p)


def _supported(test: AUCTest | None, found: CalibratedDifference | None) -> float:
    allowed = found is not None and found.placebo_holds and found.reference_allows
    return beyond_p(test, found) if allowed else 1.0
