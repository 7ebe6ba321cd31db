"""The section `attribute_leakage` of `params.yaml`: which target is asked about which speakers, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stages.core.config.nouns import Params
from stages.core.config.section import Name, NameOrNone, Positive, Section, distinct


class Speakers(Section):
    """A target, and the corpus whose speakers it is asked about."""

    corpus: str
    target: str


class Attribute(Section):
    """A question about the speaker and its options; empty `options` means all values that the corpus has."""

    question: Annotated[str, Field(min_length=1)]
    options: Annotated[list[str], AfterValidator(distinct)]
    synonyms: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_options(self) -> Attribute:
        if len(self.options) == 1:
            raise ValueError("only one option: name two or more, or leave the list empty to take the corpus's values")
        return self


class IdentityExclusions(Section):
    """Corpora whose terms forbid re-identification: their speakers take no part in same-speaker trials."""

    exclude: list[str]


class AttributeLeakage(Section):
    """Settings of the stage."""

    audits: dict[Name, Speakers]
    attributes: dict[Name, Attribute]
    conditions: Annotated[list[str], Field(min_length=1), AfterValidator(distinct)]
    silence_seconds: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    generated_tokens: Positive
    batch_size: Positive
    judge: NameOrNone
    identity: IdentityExclusions


class AttributeLeakageParams(Params):
    """All sections that the stage reads."""

    attribute_leakage: AttributeLeakage
