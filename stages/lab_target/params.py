"""The section `lab_target` of `params.yaml`, and the other sections that the stage reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stages.core.config.section import Positive, Section
from stages.models.params import ModelParams


class LabTarget(Section):
    """How the lab's base model is trained from scratch."""

    epochs: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive
    question_share: Annotated[float, Field(ge=0, le=1)]


class LabTargetParams(ModelParams):
    """All sections that the stage reads."""

    lab_target: LabTarget
