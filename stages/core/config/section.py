"""The base class of every section of `params.yaml`, and the types that several sections share."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

NONE = "none"
"""The name that stands for 'no reference' and for an empty place in `train_on`."""


def none_for_null(value: object) -> object:
    """Return `NONE` for YAML's null, everything else as it is."""
    return NONE if value is None else value


def _no_null(value: object) -> object:
    if value is None:
        raise ValueError(f"null cannot stand here, because DVC puts this name into a path: write {NONE}")
    return value


OrNone = Annotated[str, BeforeValidator(none_for_null)]
"""A text, or `none`, for which YAML's null may stand as well."""

NameOrNone = Annotated[str, BeforeValidator(_no_null)]
"""A declared name, or `none`, that `dvc.yaml` puts into a path: DVC writes null as 'None' there, so it is refused."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""A name becomes part of commands, paths and stage names."""

Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
Order = Annotated[float, Field(gt=0, allow_inf_nan=True)]
"""Order of a Rényi entropy; infinity is allowed."""


class Section(BaseModel):
    """A section of `params.yaml`: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Item = TypeVar("Item")


def distinct(items: list[Item]) -> list[Item]:
    """Return the items; raise `ValueError`, naming the first that occurs twice."""
    if twice := [item for item in items if items.count(item) > 1]:
        raise ValueError(f"names {twice[0]!r} twice")
    return items


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return the first of a validation's errors: the key, dotted and empty for the whole, and what is wrong with it."""
    first = error.errors()[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
