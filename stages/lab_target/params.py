"""The section `lab_target` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stages.core.config.section import Positive, Section
from stages.models.params import ModelParams


class LabTarget(Section):
    """Training of the lab's base model, from scratch."""

    epochs: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive
    question_share: Annotated[float, Field(ge=0, le=1)]


class LabTargetParams(ModelParams):
    """What the stage reads."""

    lab_target: LabTarget
