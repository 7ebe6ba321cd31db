"""The pydantic models of perturbations' settings: the base class, and the types that perturbations share.

Checked values stay as they were written (a list stays a list, and a whole number stays a whole number), because the
keys of the row cache are made of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator

from stages.core.config.section import Section


class PerturbationSettings(Section):
    """The setting of every perturbation: the number of neighbours per clip.

    A perturbation without other settings uses this class itself. A subclass declares a field for each keyword of the
    perturbation's function. Nothing is converted: a number that is written as text, or 1.5 for a count, is an error.
    """

    model_config = ConfigDict(strict=True)

    count: Annotated[int, Field(ge=0)]

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the perturbation's function: all settings except the count."""
        return self.model_dump(exclude={"count"})


def _as_written(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    validate(value)
    return value


def _rising(pair: list[Any]) -> list[Any]:
    if pair[0] > pair[1]:
        raise ValueError(f"must rise, not {pair!r}: swap the two")
    return pair


def within(low: float, high: float) -> AfterValidator:
    """Return a validator: a number, or each number of a span, must lie from `low` to `high`, both included."""

    def check(value: Any) -> Any:
        numbers = value if isinstance(value, list) else [value]
        if not all(low <= number <= high for number in numbers):
            raise ValueError(f"must lie within {low:g} to {high:g}, not {value!r}")
        return value

    return AfterValidator(check)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError(f"must be a text, not {text!r}")
    return text


def _holds_checkpoint(place: str) -> str:
    if place.startswith(("models/", "/", ".")) and not (Path(place) / "config.json").is_file():
        raise ValueError(f"no checkpoint in {place!r} (it has no config.json)")
    return place


Number = Annotated[float, WrapValidator(_as_written)]
"""A finite number."""

Span = Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(_rising)]
"""A pair ``[from, to]`` of numbers that a value is drawn from."""

WholeSpan = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(_rising)]
"""A pair ``[from, to]`` of whole numbers that a value is drawn from, both included."""

Text = Annotated[str, AfterValidator(_not_blank)]
"""A text that is not blank."""

ModelPlace = Annotated[Text, AfterValidator(_holds_checkpoint)]
"""A model's hub id or its folder; a folder must hold a checkpoint."""
