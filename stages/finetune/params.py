"""The section `finetune` of `params.yaml`, and the other sections that the stage reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stages.core.config.section import Positive, Section
from stages.models.params import ModelParams


class Finetune(Section):
    """How copies are trained."""

    method: Literal["whole", "lora"]
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Positive


class FinetuneParams(ModelParams):
    """All sections that the stage reads."""

    finetune: Finetune
