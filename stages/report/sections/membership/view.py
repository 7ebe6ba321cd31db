"""The view of an audit of membership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.core.results.attackname import AttackName
from stages.core.words.figures import number, probability
from stages.core.words.membership import finding_words, grade_words
from stages.report.formatting import Figures, estimate_text
from stages.report.plots import Curve, Estimate, Forest, ForestRow, Line, forest, roc_lines
from stages.report.words import FAMILIES


@dataclass(frozen=True)
class AuditFigures:
    """What earlier stages wrote about one audit.

    Attributes
    ----------
    details, verdict : dict
        `details.json` and `verdict.json` of the evaluation.
    blind : dict
        `details.json` of the corpus's blind baseline.
    target : dict
        The target's record.
    reference : dict
        The reference's record; empty without one.
    quarantine : dict of str to int
        Clips set aside, by reason.
    clips : int
        Clips in the corpus.
    cut : int
        Of these, how many are longer than the target's window.
    curves : list of Curve
    """

    details: Figures
    verdict: Figures
    blind: Figures
    target: Figures
    reference: Figures
    quarantine: Mapping[str, int]
    clips: int
    cut: int
    curves: Sequence[Curve]


@dataclass(frozen=True)
class AttackRow:
    """An attack's figures as text."""

    name: str
    auc: str
    true_positives: str
    reference: str
    population: str
    p: str
    calibrated: str
    calibrated_p: str
    c: str
    placebo: str


@dataclass(frozen=True)
class AuditView:
    """One audit as the page shows it."""

    name: str
    figures: AuditFigures
    finding: str
    meaning: str
    split: str
    permits: str
    reasons: Sequence[str]
    blind: str
    best: AttackRow | None
    families: Sequence[tuple[str, str, str]]
    primary: Sequence[AttackRow]
    population: str
    quarantined: int
    forest: Forest
    roc: Sequence[Line]


@dataclass(frozen=True)
class MembershipView:
    """All audits of membership, in the order in which they are declared."""

    audits: Sequence[AuditView]

    @property
    def meanings(self) -> Mapping[str, str]:
        """The meaning of each finding on the page, each once."""
        return {audit.finding: audit.meaning for audit in self.audits}


def audit_view(figures: AuditFigures) -> AuditView:
    """Return the view of an audit."""
    details, verdict = figures.details, figures.verdict
    attacks: Figures = details.get("attacks", {})
    ordered = sorted(attacks, key=lambda name: (-(attacks[name].get("auc") or 0.0), name))
    primary = [name for name in ordered if attacks[name].get("primary")]
    rows = {name: attack_row(name, attacks[name]) for name in ordered}
    finding, meaning = finding_words(verdict["finding"])
    split, permits = grade_words(verdict["grade"])
    blind = _blind(figures)
    return AuditView(
        name=details["audit"],
        figures=figures,
        finding=finding,
        meaning=meaning,
        split=split,
        permits=permits,
        reasons=[str(reason) for reason in verdict.get("reasons", [])],
        blind=estimate_text(blind.get("fused")),
        best=rows[primary[0]] if primary else None,
        families=[(name, seen, estimate_text(blind[name])) for name, seen in FAMILIES.items() if name in blind],
        primary=[rows[name] for name in primary],
        population=population_text(details.get("population") or {}),
        quarantined=sum(figures.quarantine.values()),
        forest=forest(forest_rows(blind, {name: attacks[name] for name in primary})),
        roc=roc_lines(figures.curves),
    )


def _blind(figures: AuditFigures) -> Figures:
    found: Figures = figures.details.get("blind") or figures.blind.get("blind") or {}
    return found


def attack_row(name: str, found: Figures) -> AttackRow:
    """Return an attack's figures as text."""
    calibrated = found.get("calibrated_difference") or {}
    rate = (found.get("tpr_at_fpr") or {}).get("0.01") or {}
    population = {"auc": found.get("population_auc"), "auc_ci": found.get("population_auc_ci")}
    return AttackRow(
        name=name,
        auc=estimate_text(found),
        true_positives=estimate_text({"auc": rate.get("tpr"), "auc_ci": rate.get("ci")}),
        reference=number(found.get("reference_auc")),
        population=estimate_text(population),
        p=probability(found.get("holm_p", found.get("p"))),
        calibrated=estimate_text(calibrated),
        calibrated_p=_calibrated_p(calibrated),
        c=number(calibrated.get("c")),
        placebo=probability(calibrated.get("placebo_p")),
    )


def _calibrated_p(calibrated: Figures) -> str:
    """Return the p of the calibrated difference, or the reason why it supports no finding."""
    if not calibrated.get("placebo_holds", True):
        return "placebo fails"
    if not calibrated.get("reference_allows", True):
        return "reference separates"
    return probability(calibrated.get("holm_p", calibrated.get("p")))


def forest_rows(blind: Figures, attacks: Figures) -> list[ForestRow]:
    """Return the lines of the interval plot: the blind baseline, then the attacks as given and in the population."""
    rows = [ForestRow("Without the model"), *(_row(name, blind[name], "blind") for name in FAMILIES if name in blind)]
    if attacks:
        rows.append(ForestRow("Primary attacks, all clips"))
        rows.extend(ForestRow(AttackName.short(name), _as_given(found)) for name, found in attacks.items())
    held = {name: found for name, found in attacks.items() if found.get("population_auc") is not None}
    if held:
        rows.append(ForestRow("In the population"))
        rows.extend(ForestRow(AttackName.short(name), _in_population(found)) for name, found in held.items())
    return [row for row in rows if row.estimates or row.label[0].isupper()]


def _row(label: str, found: Figures, kind: str) -> ForestRow:
    return ForestRow(label, _estimates(found.get("auc"), found.get("auc_ci"), kind))


def _as_given(found: Figures) -> tuple[Estimate, ...]:
    target = _estimates(found.get("auc"), found.get("auc_ci"), "target")
    return (*target, *_estimates(found.get("reference_auc"), None, "reference"))


def _in_population(found: Figures) -> tuple[Estimate, ...]:
    target = _estimates(found["population_auc"], found.get("population_auc_ci"), "target")
    calibrated = found.get("calibrated_difference") or {}
    return (*target, *_estimates(calibrated.get("auc"), calibrated.get("auc_ci"), "calibrated"))


def _estimates(value: float | None, interval: Sequence[float | None] | None, kind: str) -> tuple[Estimate, ...]:
    if value is None:
        return ()
    low, high = interval or (None, None)
    return (Estimate(value, low, high, kind),)


def population_text(population: Figures) -> str:
    """Return a sentence on the clips on which a finding rests."""
    kind = population.get("kind")
    blind = estimate_text({"auc": population.get("blind_auc"), "auc_ci": population.get("blind_auc_ci")})
    sizes = f"{population.get('member')} members and {population.get('non_member')} non-members"
    if kind == "whole":
        return f"The whole corpus: {sizes}. The blind baseline's AUC on it is {blind}."
    if kind == "matched":
        return f"A subset matched on the blind score: {sizes}. A baseline refitted on it is at chance (AUC {blind})."
    why = population.get("reason")
    return f"None: no finding can rest on this corpus{f' ({why})' if why else ''}."
