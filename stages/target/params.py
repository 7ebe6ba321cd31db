"""The section `target` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from stages.models.params import ModelParams


class TargetParams(ModelParams):
    """What the stage reads: its section is that of the library `stages.models`."""
