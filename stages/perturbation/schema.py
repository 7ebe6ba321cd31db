"""The settings that a perturbation takes: names, kinds and ranges, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np


class Setting(Protocol):
    """What one setting may be."""

    def check(self, name: str, value: Any) -> None:
        """Raise `ValueError`, beginning with the setting's name, for a value that it may not have."""


@dataclass(frozen=True)
class Span:
    """A pair ``[from, to]`` of numbers, both within `low` and `high`, that a value is drawn from."""

    low: float = -np.inf
    high: float = np.inf
    whole: bool = False

    def check(self, name: str, value: Any) -> None:
        """Check that it is a pair that rises and lies within the limits."""
        numbers = value if isinstance(value, list | tuple) else []
        if len(numbers) != 2 or not all(_is_number(number, self.low, self.high, self.whole) for number in numbers):
            kind = "whole numbers" if self.whole else "numbers"
            raise ValueError(f"{name}: must be two {kind} [from, to]{_within(self.low, self.high)}, not {value!r}")
        if numbers[0] > numbers[1]:
            raise ValueError(f"{name}: must rise, not {value!r}: swap the two")


@dataclass(frozen=True)
class Number:
    """One number within `low` and `high`, both included."""

    low: float
    high: float
    whole: bool = False

    def check(self, name: str, value: Any) -> None:
        """Check that it is such a number."""
        if not _is_number(value, self.low, self.high, self.whole):
            kind = "whole number" if self.whole else "number"
            raise ValueError(f"{name}: must be a {kind}{_within(self.low, self.high)}, not {value!r}")


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, name: str, value: Any) -> None:
        """Check that it is one of them."""
        if value not in self.words:
            raise ValueError(f"{name}: must be one of {', '.join(self.words)}, not {value!r}")


@dataclass(frozen=True)
class Words:
    """A text that is not blank, such as the place of a model."""

    def check(self, name: str, value: Any) -> None:
        """Check that it is a text."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name}: must be a text, not {value!r}")


@dataclass(frozen=True)
class ModelPlace(Words):
    """A model's hub id or its folder; a folder must hold a checkpoint."""

    def check(self, name: str, value: Any) -> None:
        """Check that it is a text, and if it names a folder that a checkpoint is there."""
        super().check(name, value)
        if value.startswith(("models/", "/", ".")) and not (Path(value) / "config.json").is_file():
            raise ValueError(f"{name}: no checkpoint in {value!r} (it has no config.json)")


Schema = Mapping[str, Setting]
"""By the setting's name, which is also the keyword of the perturbation's function."""


def check_settings(schema: Schema, settings: Mapping[str, Any]) -> None:
    """Check that all settings of a schema are given, no others, and each within its range.

    Raises
    ------
    ValueError
        Saying which and why.
    """
    known = ", ".join(schema) or "no settings"
    for name in settings:
        if name not in schema:
            raise ValueError(f"{name}: unknown setting: it takes {known}")
    for name, setting in schema.items():
        if name not in settings:
            raise ValueError(f"{name}: missing: it takes {known}")
        setting.check(name, settings[name])


def _is_number(value: Any, low: float, high: float, whole: bool) -> bool:
    kinds = int if whole else (int, float)
    return (
        isinstance(value, kinds) and not isinstance(value, bool) and bool(np.isfinite(value)) and low <= value <= high
    )


def _within(low: float, high: float) -> str:
    if high < np.inf:
        return f" from {low:g} to {high:g}"
    return f" from {low:g} on" if low > -np.inf else ""
