"""The parts of `params.yaml` that the stage reads."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.shared import BackdoorExperiments, LeakageAudits


class EnvironmentParams(Params):
    """The nouns, and the names that other sections declare. The stage has no section of its own."""

    attribute_leakage: LeakageAudits
    backdoor: BackdoorExperiments
