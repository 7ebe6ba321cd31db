"""The section `report` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.section import Section
from stages.core.config.shared import BackdoorExperiments, LeakageAudits


class Report(Section):
    """The page for people."""

    title: str


class ReportParams(Params):
    """What the stage reads."""

    report: Report
    attribute_leakage: LeakageAudits
    backdoor: BackdoorExperiments
