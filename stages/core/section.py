"""What every section of `params.yaml` is made of: its base class, and the types that several sections share."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

NONE = "none"
"""The name that stands for 'no reference' and for an empty place in `train_on`."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""A name becomes part of commands, paths and stage names."""

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
Order = Annotated[float, Field(gt=0, allow_inf_nan=True)]
"""Of a Rényi entropy, infinity included."""


class Section(BaseModel):
    """A section of `params.yaml`: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Item = TypeVar("Item")


def distinct(items: list[Item]) -> list[Item]:
    """Return items that may stand once each; a `ValueError` names the first that stands twice."""
    if twice := [item for item in items if items.count(item) > 1]:
        raise ValueError(f"names {twice[0]!r} twice")
    return items
