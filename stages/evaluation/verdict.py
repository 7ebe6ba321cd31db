"""The finding, its grade and its reasons, drawn from intervals and tests, never from a bare AUC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.evaluation.evidence import AttackEvidence
from stages.evaluation.settings import RuleSettings


@dataclass(frozen=True)
class Verdict:
    """What the audit says.

    Attributes
    ----------
    finding : str
        not_audible, memorised, suspected, confounded, unresolved, underpowered or not_detected.
    grade : str
        How the split was made: randomised, matched or post_hoc.
    reasons : list of str
        In plain words, with the figures.
    smallest_effect : float
        AUC of the smallest memory that would have been found with a chance of 80 %; 1.0 where none would.
    """

    finding: str
    grade: str
    reasons: list[str]
    smallest_effect: float

    def summary(self) -> dict[str, Any]:
        """Return the `verdict` block of `metrics.json`."""
        return {
            "finding": self.finding,
            "grade": self.grade,
            "reasons": self.reasons,
            "smallest_effect": self.smallest_effect,
        }


def decide(
    grade: str,
    population: Population,
    evidence: dict[str, AttackEvidence],
    has_reference: bool,
    settings: RuleSettings,
    doubts: Sequence[str] = (),
    notes: Sequence[str] = (),
    audible: bool = True,
) -> Verdict:
    """Draw the finding by the design's rule, in its order.

    Parameters
    ----------
    grade : str
        As believed: randomised, matched or post_hoc.
    population : Population
    evidence : dict of str to AttackEvidence
        Of the primary attacks.
    has_reference : bool
        Whether a reference was given, usable or not.
    settings : RuleSettings
    doubts : sequence of str
        Why the grade is not the split as declared; put first among the reasons.
    notes : sequence of str
        What had to be left out or assumed; put at the end of the reasons.
    audible : bool
        Whether the audio reaches the target at all.
    """
    reasons = list(doubts)
    controlled = grade != "randomised"
    each = settings.alpha / max(1, len(evidence))
    smallest = min(
        (found.smallest_detectable(settings.alpha, each, controlled) for found in evidence.values()), default=1.0
    )
    if not audible:
        return Verdict("not_audible", grade, ["the audio does not reach the target", *reasons, *notes], 1.0)
    reasons.append(_population_reason(population))
    finding, because = _finding(population, evidence, grade, has_reference, smallest, settings)
    return Verdict(finding, grade, [*reasons, *because, *_flags(evidence), *notes], smallest)


def _population_reason(population: Population) -> str:
    if population.kind is None or population.blind is None:
        blind = f"blind AUC {_of(population.whole)}; " if population.whole else ""
        return f"no population in which a claim could be made: {blind}{population.reason}"
    if population.kind == "whole":
        return f"population: {population.reason} (blind AUC {_of(population.blind)})"
    return (
        f"population: {population.reason} (AUC {_of(population.blind)}); on the whole corpus the blind baseline "
        f"has {_of(population.whole)}"
    )


def _of(blind: BlindInterval | None) -> str:
    return "unknown" if blind is None else f"{blind.auc:.2f} [{blind.low:.2f}, {blind.high:.2f}]"


def _finding(
    population: Population,
    evidence: dict[str, AttackEvidence],
    grade: str,
    has_reference: bool,
    smallest: float,
    settings: RuleSettings,
) -> tuple[str, list[str]]:
    alpha = settings.alpha
    separating = _best(evidence, lambda found: found.separates(alpha), lambda found: found.held_p)
    if separating and grade == "randomised":
        return "memorised", [_separates(separating, evidence)]
    supported = _best(evidence, lambda found: found.supported(alpha), lambda found: found.supported_p)
    if supported:
        return "suspected", [_separates(supported, evidence), _beyond(supported, evidence[supported], settings.margin)]
    if separating:
        usable = any(found.calibrated for found in evidence.values())
        if usable:
            why = _not_beyond(evidence[separating])
            return "confounded", [_separates(separating, evidence), why]
        missing = "the reference's scores are of no use" if has_reference else "there is no reference target"
        return "unresolved", [
            _separates(separating, evidence),
            f"{missing}, so a difference in recording that nobody measured could explain it",
        ]
    return _nothing(population, evidence, smallest, settings)


def _nothing(
    population: Population, evidence: dict[str, AttackEvidence], smallest: float, settings: RuleSettings
) -> tuple[str, list[str]]:
    """Return the finding where no attack separates a population."""
    whole = _best(evidence, lambda found: found.separates_whole(settings.alpha), lambda found: found.whole_p)
    tried = population.kind is not None or population.fails_on_recording
    if whole:
        seen = f"{whole} separates the corpus as given (AUC {_interval(evidence[whole].whole)})"
        if tried:
            return "confounded", [f"{seen}, {_but(population)}"]
        if population.whole is None:
            return "unresolved", [f"{seen}, and how the clips were recorded is unknown"]
        return "underpowered", [f"{seen}, but there are too few clips for a claim"]
    if smallest > settings.smallest_effect:
        found = f"an AUC of {smallest:.2f}" if smallest < 1 else "nothing"
        return "underpowered", [
            f"no primary attack is significant, and with a chance of 80 % this population would have shown {found} "
            f"at the least, not the {settings.smallest_effect:.2f} that is declared"
        ]
    return "not_detected", [
        f"no primary attack is significant; an AUC of {smallest:.2f} would have been seen with a chance of 80 %"
    ]


def _but(population: Population) -> str:
    """Return what stands against an attack that separates the corpus as given, but no population."""
    if population.whole is None or population.whole.low <= 0.5:
        return "and that the recording does not cannot be shown with so few clips or speakers"
    if population.kind is None:
        return "but so does the recording, and nothing is left to match"
    return "but so does the recording, and in the matched subset the attack does not"


def _best(
    evidence: dict[str, AttackEvidence],
    counts: Callable[[AttackEvidence], bool],
    by: Callable[[AttackEvidence], float],
) -> str | None:
    found = [name for name in evidence if counts(evidence[name])]
    return min(found, key=lambda name: (by(evidence[name]), name), default=None)


def _interval(test: Any) -> str:
    low, high = test.interval()
    return f"{test.auc:.2f} [{low:.2f}, {high:.2f}]"


def _separates(name: str, evidence: dict[str, AttackEvidence]) -> str:
    found = evidence[name]
    return (
        f"{name} separates the population: AUC {_interval(found.held)}, p = {found.held_p:.1g} "
        f"after Holm's correction over {len(evidence)} primary attacks"
    )


def _beyond(name: str, found: AttackEvidence, margin: float) -> str:
    calibrated = found.calibrated
    assert calibrated is not None, name
    if calibrated.identified:
        how = (
            f"c = {calibrated.c:.2f} (first-stage F {calibrated.first_stage:.0f}) and {margin:g} times c; this "
            f"assumes the target at most {margin:g} times more sensitive than c implies to what nobody measured"
        )
    else:
        how = (
            f"c = {_listed(calibrated.values)} alike, because the reference hardly reacts to anything measured "
            f"(first-stage F {calibrated.first_stage:.1f})"
        )
    return (
        f"and by more than on the reference: calibrated difference AUC {_interval(calibrated.difference)}, "
        f"p = {found.supported_p:.1g}, at {how}; placebo p = {calibrated.placebo_p:.2f}"
    )


def _not_beyond(found: AttackEvidence) -> str:
    calibrated = found.calibrated
    if calibrated is None:
        return "its reference's scores are of no use, and no other attack passes the negative control"
    if not calibrated.placebo_holds:
        return (
            f"but the placebo fails: among non-members the blind features predict its calibrated difference "
            f"(p = {calibrated.placebo_p:.2g})"
        )
    if not calibrated.reference_allows:
        return (
            f"but so does the reference (AUC {_interval(calibrated.reference)}), which reacts to nothing measured "
            f"(first-stage F {calibrated.first_stage:.1f}): by how much the target should is unknown"
        )
    if calibrated.identified:
        where = f"p = {found.supported_p:.2g} after Holm's correction at c = {calibrated.c:.2f}, and "
        where += f"{calibrated.margin.p:.2g} at {calibrated.values[-1]:.2f}, the margin"
    else:
        where = f"p = {found.supported_p:.2g} at c = {_listed(calibrated.values)} alike, after Holm's correction"
    return (
        f"but not by enough more than on the reference: calibrated difference AUC "
        f"{_interval(calibrated.difference)}, {where}"
    )


def _listed(values: Sequence[float]) -> str:
    *most, last = (f"{value:.2g}" for value in sorted(values))
    return f"{', '.join(most)} and {last}"


def _flags(evidence: dict[str, AttackEvidence]) -> list[str]:
    return [
        f"{name} is far below 0.5 on the corpus as given (AUC {_interval(found.whole)}): members score lower than "
        "non-members; look whether the sides are swapped"
        for name, found in evidence.items()
        if found.reversed()
    ]
