"""The section `report` of `params.yaml`, and the other sections that the stage reads."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.section import Section
from stages.core.config.shared import BackdoorExperiments, LeakageAudits


class Report(Section):
    """Settings of the page."""

    title: str


class ReportParams(Params):
    """All params that the stage reads."""

    report: Report
    attribute_leakage: LeakageAudits
    backdoor: BackdoorExperiments
