"""The section `logits` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from pydantic import ConfigDict

from stages.core.config.nouns import Params
from stages.core.config.section import Positive
from stages.core.config.shared import ComputedViews


class Logits(ComputedViews):
    """The teacher-forced forward."""

    model_config = ConfigDict(extra="forbid")

    generated_tokens: Positive
    batch_size: Positive
    probes: list[str]


class LogitsParams(Params):
    """What the stage reads."""

    logits: Logits
