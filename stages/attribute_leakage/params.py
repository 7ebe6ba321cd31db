"""The section `attribute_leakage` of `params.yaml`: who is asked about whom, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stages.core.config.nouns import Params
from stages.core.config.section import Name, NameOrNone, Positive, Section, distinct


class Speakers(Section):
    """A corpus whose speakers a target is asked about."""

    corpus: str
    target: str


class Attribute(Section):
    """A question about the speaker, and what may be answered; where `options` is empty, what the corpus says."""

    question: Annotated[str, Field(min_length=1)]
    options: Annotated[list[str], AfterValidator(distinct)]
    synonyms: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_options(self) -> Attribute:
        if len(self.options) == 1:
            raise ValueError("one option is no question: name two or more, or none to take the corpus's values")
        return self


class IdentityExclusions(Section):
    """Whose speakers are not to be told apart: corpora whose terms forbid it."""

    exclude: list[str]


class AttributeLeakage(Section):
    """What a target tells about who speaks."""

    audits: dict[Name, Speakers]
    attributes: dict[Name, Attribute]
    conditions: Annotated[list[str], Field(min_length=1), AfterValidator(distinct)]
    silence_seconds: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    generated_tokens: Positive
    batch_size: Positive
    judge: NameOrNone
    identity: IdentityExclusions


class AttributeLeakageParams(Params):
    """What the stage reads."""

    attribute_leakage: AttributeLeakage
