"""The section `features` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.section import Section


class Features(Section):
    """Which feature families are measured."""

    families: list[str]


class FeaturesParams(Params):
    """What the stage reads."""

    features: Features
