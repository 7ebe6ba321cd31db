"""The section `report` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.section import Name, Section
from stages.core.config.shared import SharedSection


class LeakageAudits(SharedSection):
    """Of `attribute_leakage`: the names of its audits."""

    audits: dict[Name, object]


class BackdoorExperiments(SharedSection):
    """Of `backdoor`: the names of its experiments."""

    experiments: dict[Name, object]


class Report(Section):
    """The page for people."""

    title: str


class ReportParams(Params):
    """What the stage reads."""

    report: Report
    attribute_leakage: LeakageAudits
    backdoor: BackdoorExperiments
