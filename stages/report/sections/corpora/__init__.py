"""The recordings: what each audited corpus consists of, what was set aside, and what its two sides share."""

from __future__ import annotations

from stages.core.results.corpus import CorpusSummary
from stages.core.store.jsonfile import artifact, read_json
from stages.report.params import ReportParams
from stages.report.section import section
from stages.report.sections.corpora.view import CorporaView, corpora_view

STAGE, SUMMARY = "corpus", "summary.json"
LEAKAGE, DETAILS = "attribute_leakage", "details.json"


@section("corpora", order=25, title="The recordings")
def corpora(params: ReportParams) -> CorporaView | None:
    """Read the summaries of the corpora that audits name, of membership and of speakers."""
    named = [audit.corpus for audit in params.audits.values()]
    named += [read_json(artifact(LEAKAGE, name, DETAILS))["corpus"] for name in params.attribute_leakage.audits]
    found = [read_json(artifact(STAGE, name, SUMMARY)) for name in dict.fromkeys(named)]
    return corpora_view([CorpusSummary.model_validate(summary) for summary in found]) if found else None
