"""The section `target` of `params.yaml`, and the other parts of the file that the stage reads."""

from __future__ import annotations

from stages.models.params import ModelParams


class TargetParams(ModelParams):
    """The parts of `params.yaml` that the stage reads. The library `stages.models` defines its section."""
