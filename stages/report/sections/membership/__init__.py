"""Membership: were these recordings in the training data? Findings, then each audit with reasons and figures."""

from __future__ import annotations

from stages.core.results.flat import Headlines
from stages.report.params import ReportParams
from stages.report.section import Verdicts, section
from stages.report.sections.membership.reading import read_audit
from stages.report.sections.membership.terms import TERMS
from stages.report.sections.membership.view import MembershipView, audit_view


def verdicts(view: MembershipView) -> Verdicts:
    """Return each audit's `verdict.json`, by the audit's name."""
    return {audit.name: audit.figures.verdict for audit in view.audits}


def headlines(view: MembershipView) -> Headlines:
    """Return each audit's finding, by the audit's name."""
    return {audit.name: audit.figures.verdict["finding"] for audit in view.audits}


@section(
    "membership",
    order=10,
    title="Findings",
    anchor="findings",
    terms=TERMS,
    verdict=verdicts,
    verdict_key="",
    headlines=headlines,
)
def membership(params: ReportParams) -> MembershipView | None:
    """Read all declared audits."""
    audits = [audit_view(read_audit(name, audit)) for name, audit in params.audits.items()]
    return MembershipView(audits) if audits else None
