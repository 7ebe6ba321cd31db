"""The section `attacks` of `params.yaml`, and the other keys that the stage reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stages.core.config.nouns import Params
from stages.core.config.section import Order, Section, Share
from stages.core.config.shared import ComputedViews, PrimaryAttacks


class Attacks(Section):
    """Shares of tokens and Rényi orders for row attacks; numbers of folds and permutations for labelled attacks."""

    shares: list[Share]
    orders: list[Order]
    folds: Annotated[int, Field(ge=2)]
    permutations: Annotated[int, Field(ge=0)]


class AttacksParams(Params):
    """The keys that the stage reads."""

    attacks: Attacks
    logits: ComputedViews
    evaluation: PrimaryAttacks
