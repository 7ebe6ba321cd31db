"""The finding, its grade and its reasons. They follow from intervals and tests, never from an AUC alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stages.core.inference.population import Population
from stages.core.inference.statistics import AUCTest
from stages.core.results.membership import Finding, Grade, MembershipCode, MembershipReason, VerdictResult
from stages.core.words.membership import sentences
from stages.evaluation.calibration import CalibratedDifference
from stages.evaluation.evidence import AttackEvidence
from stages.evaluation.settings import RuleSettings

Evidence = dict[str, AttackEvidence]
Reasons = list[MembershipReason]


def decide(
    grade: Grade,
    population: Population,
    evidence: Evidence,
    uncontrolled: MembershipReason,
    settings: RuleSettings,
    doubts: Sequence[MembershipReason] = (),
    notes: Sequence[MembershipReason] = (),
    audible: bool = True,
) -> VerdictResult:
    """Draw the finding by the steps of the rule, in their order.

    Parameters
    ----------
    grade : Grade
        As believed.
    population : Population
    evidence : dict of str to AttackEvidence
        Of the primary attacks.
    uncontrolled : MembershipReason
        Why no attack has a negative control, if none has one.
    settings : RuleSettings
    doubts : sequence of MembershipReason
        Why the grade differs from the declared split; these come first among the reasons.
    notes : sequence of MembershipReason
        What was left out or assumed; these come last among the reasons.
    audible : bool
        Whether the audio reaches the target at all.
    """
    if not audible:
        return _verdict("not_audible", grade, [MembershipReason.of("not_audible"), *doubts, *notes], 1.0)
    controlled = grade != "randomised"
    each = settings.alpha / max(1, len(evidence))
    smallest = min(
        (found.smallest_detectable(settings.alpha, each, controlled) for found in evidence.values()), default=1.0
    )
    finding, because = _finding(population, evidence, grade, uncontrolled, smallest, settings)
    reasons = [*doubts, _population_reason(population), *because, *_flags(evidence), *notes]
    if uncontrolled.code == "reference_run_otherwise" and uncontrolled not in because:
        reasons.append(uncontrolled)  # whoever names a reference should know that it counts for nothing
    return _verdict(finding, grade, reasons, smallest)


def _verdict(finding: Finding, grade: Grade, because: Reasons, smallest: float) -> VerdictResult:
    return VerdictResult(
        finding=finding, grade=grade, reasons=sentences(because), because=because, smallest_effect=smallest
    )


def _population_reason(population: Population) -> MembershipReason:
    found, blind, whole = population.reason, population.blind, population.whole
    if whole is None:
        return MembershipReason.of("population_unmeasured", found=found)
    if population.kind is None or blind is None:
        return MembershipReason.of("population_none", auc=whole.auc, low=whole.low, high=whole.high, found=found)
    figures = {"auc": blind.auc, "low": blind.low, "high": blind.high}
    if population.kind == "whole":
        return MembershipReason.of("population_whole", **figures, found=found)
    beside = {"whole_auc": whole.auc, "whole_low": whole.low, "whole_high": whole.high}
    return MembershipReason.of("population_matched", **figures, **beside, found=found)


def _finding(
    population: Population,
    evidence: Evidence,
    grade: Grade,
    uncontrolled: MembershipReason,
    smallest: float,
    settings: RuleSettings,
) -> tuple[Finding, Reasons]:
    alpha = settings.alpha
    separating = _best(evidence, lambda found: found.separates(alpha), lambda found: found.held_p)
    if separating and grade == "randomised":
        return "memorised", [_separates(separating, evidence)]
    supported = _best(evidence, lambda found: found.supported(alpha), lambda found: found.supported_p)
    if supported:
        return "suspected", [_separates(supported, evidence), _beyond(evidence[supported], settings.margin)]
    if separating:
        if any(found.calibrated for found in evidence.values()):
            return "confounded", [_separates(separating, evidence), _not_beyond(evidence[separating])]
        return "unresolved", [_separates(separating, evidence), uncontrolled]
    return _nothing(population, evidence, smallest, settings)


def _nothing(
    population: Population, evidence: Evidence, smallest: float, settings: RuleSettings
) -> tuple[Finding, Reasons]:
    """Return the finding if no attack separates a population."""
    seen = _best(evidence, lambda found: found.separates_whole(settings.alpha), lambda found: found.whole_p)
    if seen:
        finding, code = _of_corpus(population)
        return finding, [MembershipReason.of(code, attack=seen, **_estimate(evidence[seen].whole))]
    declared = settings.smallest_effect
    if smallest > declared:
        if smallest < 1:
            return "underpowered", [MembershipReason.of("underpowered", smallest=smallest, declared=declared)]
        return "underpowered", [MembershipReason.of("powerless", declared=declared)]
    return "not_detected", [MembershipReason.of("not_significant", smallest=smallest)]


def _of_corpus(population: Population) -> tuple[Finding, MembershipCode]:
    """Return the finding, and its code, if an attack separates the corpus as given, but no population."""
    if population.kind is None and not population.fails_on_recording:
        if population.whole is None:
            return "unresolved", "corpus_recording_unknown"
        return "underpowered", "corpus_too_few_clips"
    if population.whole is None or population.whole.low <= 0.5:
        return "confounded", "corpus_recording_not_ruled_out"
    return "confounded", "corpus_recording_unmatched" if population.kind is None else "corpus_recording_matched"


def _best(
    evidence: Evidence, counts: Callable[[AttackEvidence], bool], by: Callable[[AttackEvidence], float]
) -> str | None:
    found = [name for name in evidence if counts(evidence[name])]
    return min(found, key=lambda name: (by(evidence[name]), name), default=None)


def _estimate(test: AUCTest) -> dict[str, float]:
    low, high = test.interval()
    return {"auc": test.auc, "low": low, "high": high}


def _separates(name: str, evidence: Evidence) -> MembershipReason:
    found = evidence[name]
    assert found.held is not None, name
    return MembershipReason.of(
        "separates_population", attack=name, **_estimate(found.held), p=found.held_p, attacks=len(evidence)
    )


def _beyond(found: AttackEvidence, margin: float) -> MembershipReason:
    calibrated = found.calibrated
    assert calibrated is not None
    figures = _estimate(calibrated.difference) | {
        "p": found.supported_p,
        "first_stage": calibrated.first_stage,
        "placebo_p": calibrated.placebo_p,
    }
    if calibrated.identified:
        return MembershipReason.of("beyond_reference", **figures, c=calibrated.c, margin=margin)
    return MembershipReason.of("beyond_reference_at_every_c", **figures, **_every_c(calibrated))


def _not_beyond(found: AttackEvidence) -> MembershipReason:
    calibrated = found.calibrated
    if calibrated is None:
        return MembershipReason.of("own_reference_useless")
    if not calibrated.placebo_holds:
        return MembershipReason.of("placebo_fails", placebo_p=calibrated.placebo_p)
    if not calibrated.reference_allows:
        return MembershipReason.of(
            "reference_separates", **_estimate(calibrated.reference), first_stage=calibrated.first_stage
        )
    figures = _estimate(calibrated.difference) | {"p": found.supported_p}
    if calibrated.identified:
        at_margin = {"margin_p": calibrated.margin.p, "margin_c": calibrated.values[-1]}
        return MembershipReason.of("not_beyond_reference", **figures, c=calibrated.c, **at_margin)
    return MembershipReason.of("not_beyond_reference_at_every_c", **figures, **_every_c(calibrated))


def _every_c(calibrated: CalibratedDifference) -> dict[str, float]:
    """Return the three values of c at which the difference is tested if c is not identified."""
    return dict(zip(("c_low", "c_middle", "c_high"), sorted(calibrated.values), strict=True))


def _flags(evidence: Evidence) -> Reasons:
    return [
        MembershipReason.of("below_chance", attack=name, **_estimate(found.whole))
        for name, found in evidence.items()
        if found.reversed()
    ]
