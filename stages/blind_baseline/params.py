"""The section `blind_baseline` of `params.yaml`, and the other parts of the file that the stage reads."""

from __future__ import annotations

from pydantic import ConfigDict

from stages.core.config.nouns import Params
from stages.core.config.shared import PopulationParams


class BlindBaseline(PopulationParams):
    """The model-free baseline and the population drawn from it."""

    model_config = ConfigDict(extra="forbid")


class BlindBaselineParams(Params):
    """The parts of `params.yaml` that the stage reads."""

    blind_baseline: BlindBaseline
