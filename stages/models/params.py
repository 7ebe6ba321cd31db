"""The section `target` of `params.yaml`, read by every stage that loads a model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stages.core.config.nouns import Params
from stages.core.config.section import Section


class Loading(Section):
    """How a target is loaded and checked."""

    attention: Literal["sdpa", "eager"]
    min_audio_effect: Annotated[float, Field(ge=0)]


class ModelParams(Params):
    """What a stage reads if it loads a model from a folder, the hub or an endpoint."""

    target: Loading
