"""The section `evaluation` of `params.yaml`, and the other parts of the file that the stage reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stages.core.config.nouns import Params
from stages.core.config.shared import PopulationParams, PrimaryAttacks


class Evaluation(PrimaryAttacks):
    """The settings of the verdict rule.

    `cut_clips` says what becomes of clips that are longer than the target or the reference hears: a score over words
    that were never heard measures length, so they are left out of the evidence by default.
    """

    model_config = ConfigDict(extra="forbid")

    alpha: Annotated[float, Field(gt=0, lt=1)]
    margin: Annotated[float, Field(ge=1)]
    smallest_effect: Annotated[float, Field(gt=0.5, lt=1)]
    bootstraps: Annotated[int, Field(ge=200)]
    cut_clips: Literal["exclude", "include"] = "exclude"


class EvaluationParams(Params):
    """The parts of `params.yaml` that the stage reads."""

    evaluation: Evaluation
    blind_baseline: PopulationParams
