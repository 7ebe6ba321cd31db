"""Attribute leakage: each audit of speakers with its attributes, layers and same-speaker trials."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic.main import IncEx

from stages.core.results.flat import Headlines
from stages.core.results.leakage import AttributeFinding
from stages.core.store.jsonfile import artifact, read_json
from stages.core.store.tables import read_table
from stages.report.params import ReportParams
from stages.report.section import Verdicts, section
from stages.report.sections.leakage.view import NOT_AUDIBLE, LeakageView, leakage_view

STAGE, DETAILS, PROBES = "attribute_leakage", "details.json", "probes.parquet"


def verdicts(view: Sequence[LeakageView]) -> Verdicts:
    """Return the findings of each audit of speakers, by the audit's name."""
    attributes: IncEx = {"__all__": set(AttributeFinding.model_fields)}
    kept: IncEx = {"audit": True, "corpus": True, "target": True, "finding": True, "attributes": attributes}
    return {audit.name: audit.result.model_dump(mode="json", include=kept, exclude_none=True) for audit in view}


def headlines(view: Sequence[LeakageView]) -> Headlines:
    """Return the finding on each attribute, by audit and attribute; `NOT_AUDIBLE` if no audio reaches the target."""
    deaf: Headlines = {f"{audit.name}_leakage": NOT_AUDIBLE for audit in view if audit.deaf}
    return deaf | {f"{audit.name}_{one.name}": one.finding for audit in view for one in audit.attributes}


@section(
    "leakage",
    order=20,
    title="What the model tells about the person who speaks",
    verdict=verdicts,
    headlines=headlines,
)
def leakage(params: ReportParams) -> Sequence[LeakageView] | None:
    """Read all declared audits of speakers."""
    return [
        leakage_view(
            read_json(artifact(STAGE, name, DETAILS)),
            read_table(artifact(STAGE, name, PROBES)).to_pylist(),
        )
        for name in params.attribute_leakage.audits
    ] or None
