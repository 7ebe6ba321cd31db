"""The section `corpus` of `params.yaml`, and the other keys that the stage reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.core.config.nouns import Params
from stages.core.config.section import Positive, Section


class Ingest(Section):
    """Limits for usable clips (seconds of sound, characters of a transcript), and the treatment of unreadable files."""

    min_seconds: Annotated[float, Field(gt=0)]
    max_seconds: Annotated[float, Field(gt=0)]
    unreadable: Literal["stop", "quarantine"]
    max_text: Positive = 10_000
    split_seconds: Annotated[float, Field(ge=5)] = 30.0
    """Longest clip of `corpora.X.split_at`: the window of most models that transcribe."""

    @model_validator(mode="after")
    def _check_order(self) -> Ingest:
        if self.min_seconds > self.max_seconds:
            raise ValueError("min_seconds is more than max_seconds")
        return self


class CorpusParams(Params):
    """The keys that the stage reads."""

    corpus: Ingest
