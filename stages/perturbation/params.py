"""The section `perturbation` of `params.yaml`, and the other keys that the stage reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from stages.core.config.nouns import Params
from stages.core.config.section import Section, none_for_null


class Neighbours(Section):
    """Neighbours of every clip: the count and ranges of each perturbation, and one codec for all pairings."""

    neighbours: dict[str, dict[str, Any]]
    pairing_codec: Annotated[Literal["none", "g711", "opus", "mp3"], BeforeValidator(none_for_null)]


class PerturbationParams(Params):
    """The keys that the stage reads."""

    perturbation: Neighbours
