"""The section `evaluation` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from stages.core.config.nouns import Params
from stages.core.config.shared import PopulationParams, PrimaryAttacks


class Evaluation(PrimaryAttacks):
    """What counts as evidence."""

    model_config = ConfigDict(extra="forbid")

    alpha: Annotated[float, Field(gt=0, lt=1)]
    margin: Annotated[float, Field(ge=1)]
    smallest_effect: Annotated[float, Field(gt=0.5, lt=1)]
    bootstraps: Annotated[int, Field(ge=200)]


class EvaluationParams(Params):
    """What the stage reads."""

    evaluation: Evaluation
    blind_baseline: PopulationParams
