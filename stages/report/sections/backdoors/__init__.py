"""Planted backdoors: how well each experiment's attack works, which component carries it, and what helps against it."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.results.flat import Headlines
from stages.core.store.jsonfile import artifact, read_json
from stages.report.params import ReportParams
from stages.report.section import section
from stages.report.sections.backdoors.terms import TERMS
from stages.report.sections.backdoors.view import BackdoorView, backdoor_view

STAGE, DETAILS = "backdoor", "details.json"


def headlines(view: Sequence[BackdoorView]) -> Headlines:
    """Return each experiment's attack effectiveness rate."""
    return {f"{one.name}_aer": one.figures["aer"]["rate"] for one in view}


@section("backdoors", order=40, title="Backdoors", terms=TERMS, lists_terms=True, headlines=headlines)
def backdoors(params: ReportParams) -> Sequence[BackdoorView] | None:
    """Read all declared experiments."""
    return [backdoor_view(read_json(artifact(STAGE, name, DETAILS))) for name in params.backdoor.experiments] or None
