"""The section `features` of `params.yaml`, and the other keys that the stage reads."""

from __future__ import annotations

from stages.core.config.nouns import Params
from stages.core.config.section import Section


class Features(Section):
    """The feature families to measure."""

    families: list[str]


class FeaturesParams(Params):
    """The keys that the stage reads."""

    features: Features
