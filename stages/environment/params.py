"""The section `environment` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.shared import BackdoorExperiments, LeakageAudits


class EnvironmentParams(Params):
    """What the stage reads: the nouns, and the names that other sections declare. It has no section of its own."""

    attribute_leakage: LeakageAudits
    backdoor: BackdoorExperiments
