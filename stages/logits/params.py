"""The section `logits` of `params.yaml`, and the other parts of the file that the stage reads."""

from __future__ import annotations

from pydantic import ConfigDict

from stages.core.config.nouns import Params
from stages.core.config.section import Positive
from stages.core.config.shared import ComputedViews


class Logits(ComputedViews):
    """Settings of the teacher-forced forward."""

    model_config = ConfigDict(extra="forbid")

    generated_tokens: Positive
    batch_size: Positive
    compile: bool
    probes: list[str]


class LogitsParams(Params):
    """The parts of `params.yaml` that the stage reads."""

    logits: Logits
