"""The section `environment` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.core.config.nouns import Params


class EnvironmentParams(Params):
    """What the stage reads: the nouns. It has no section."""
