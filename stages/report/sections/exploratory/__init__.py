"""Exploratory attacks, which were not named before the audit. They are shown for comparison and are no evidence."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.store.jsonfile import artifact, read_json
from stages.report.params import ReportParams
from stages.report.section import section
from stages.report.sections.exploratory.view import ExploratoryView, exploratory_view

STAGE, DETAILS = "evaluation", "details.json"


@section("exploratory", order=30, title="Exploratory attacks")
def exploratory(params: ReportParams) -> Sequence[ExploratoryView] | None:
    """Read the attacks of all declared audits. An audit without exploratory attacks is left out."""
    audits = [exploratory_view(read_json(artifact(STAGE, name, DETAILS))) for name in params.audits]
    return [audit for audit in audits if audit.attacks] or None
