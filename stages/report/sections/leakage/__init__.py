"""What the model tells about the person who speaks: each audit of speakers with its attributes, layers and trials."""

from __future__ import annotations

from collections.abc import Sequence

from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.report.params import ReportParams
from stages.report.section import Verdicts, section
from stages.report.sections.leakage.view import LeakageView, leakage_view

STAGE, FIGURES, PROBES = "attribute_leakage", "metrics.json", "probes.parquet"


def verdicts(view: Sequence[LeakageView]) -> Verdicts:
    """Return what was found of each audit's attributes, by the audit's name."""
    return {audit.name: audit.result.model_dump(mode="json", exclude_none=True) for audit in view}


@section("leakage", order=20, title="What the model tells about the person who speaks", verdict=verdicts)
def leakage(params: ReportParams) -> Sequence[LeakageView] | None:
    """Read all declared audits of speakers."""
    return [
        leakage_view(
            read_json(artifact(STAGE, name, FIGURES)),
            read_table(artifact(STAGE, name, PROBES)).to_pylist(),
        )
        for name in params.attribute_leakage.audits
    ] or None
