"""What a perturbation is, the registry of them, and checks of the settings that params give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stages.core.errors import EarwitnessError
from stages.core.registry import Registry

Recipe = dict[str, Any]
"""Every number that was drawn, and what came of it: enough to do it again by hand."""


@dataclass(frozen=True)
class Perturbation:
    """One way to change a clip.

    Attributes
    ----------
    kind : "audio" or "text"
        What it changes; the other stays the clip's own.
    apply : callable
        ``apply(samples: float32[n], rng, **settings) -> (float32[n], recipe)`` or
        ``apply(text, rng, **settings) -> (str, recipe)``. Defined for every clip: where there is nothing to change,
        such as one word to swap, the clip comes back as it was and the recipe says so.
    check : callable
        Takes the settings as keyword arguments and raises `ValueError` with what is wrong with them.
    """

    kind: Literal["audio", "text"]
    apply: Callable[..., tuple[Any, Recipe]]
    check: Callable[..., None]


PERTURBATIONS: Registry[Perturbation] = Registry("perturbation")


@dataclass(frozen=True)
class Chosen:
    """A perturbation as params ask for it.

    Attributes
    ----------
    name : str
    perturbation : Perturbation
    count : int
        Neighbours of this kind per clip.
    settings : dict
        The keyword arguments of `apply`.
    """

    name: str
    perturbation: Perturbation
    count: int
    settings: dict[str, Any]


def chosen_perturbations(neighbours: dict[str, dict[str, Any]]) -> list[Chosen]:
    """Return what ``perturbation.neighbours`` asks for, sorted by name; a count of 0 leaves one out.

    Raises
    ------
    EarwitnessError
        Naming the key, for an unknown perturbation, an unknown or missing setting, or one out of range.
    """
    chosen = [_chosen(name, settings) for name, settings in sorted(neighbours.items())]
    return [choice for choice in chosen if choice.count]


def _chosen(name: str, given: dict[str, Any]) -> Chosen:
    key = f"params.yaml: perturbation.neighbours.{name}"
    if name not in PERTURBATIONS:
        raise EarwitnessError(f"{key}: unknown perturbation: use some of {', '.join(PERTURBATIONS)}")
    settings = dict(given)
    count = settings.pop("count", None)
    if type(count) is not int or count < 0:
        raise EarwitnessError(f"{key}.count: must be a whole number from 0 on, not {count!r}")
    perturbation = PERTURBATIONS[name]
    try:
        perturbation.check(**settings)
    except TypeError as error:  # Python's own words name the keyword that is missing or unknown
        problem = str(error).split("() ")[-1]
        raise EarwitnessError(f"{key}: {problem}: correct its settings") from error
    except ValueError as error:
        raise EarwitnessError(f"{key}.{error}") from error
    return Chosen(name, perturbation, count, settings)


def check_range(setting: str, value: Any, low: float = -np.inf, high: float = np.inf, whole: bool = False) -> None:
    """Check a pair ``[from, to]`` of numbers within `low` and `high`.

    Raises
    ------
    ValueError
        Beginning with the name of the setting.
    """
    numbers = value if isinstance(value, list | tuple) else []
    if len(numbers) != 2 or not all(_is_number(number, low, high, whole) for number in numbers):
        kind = "whole numbers" if whole else "numbers"
        raise ValueError(f"{setting}: must be two {kind} [from, to]{_within(low, high)}, not {value!r}")
    if numbers[0] > numbers[1]:
        raise ValueError(f"{setting}: must rise, not {value!r}: swap the two")


def check_number(setting: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    """Check one number within `low` and `high`, both included; raises `ValueError` as `check_range` does."""
    if not _is_number(value, low, high, whole):
        raise ValueError(f"{setting}: must be a {'whole ' if whole else ''}number{_within(low, high)}, not {value!r}")


def _is_number(value: Any, low: float, high: float, whole: bool) -> bool:
    kinds = int if whole else (int, float)
    return (
        isinstance(value, kinds) and not isinstance(value, bool) and bool(np.isfinite(value)) and low <= value <= high
    )


def _within(low: float, high: float) -> str:
    if high < np.inf:
        return f" from {low:g} to {high:g}"
    return f" from {low:g} on" if low > -np.inf else ""


def uniform(rng: np.random.Generator, limits: Sequence[float]) -> float:
    """Draw from ``[limits[0], limits[1]]``, rounded to six decimals, so that the recipe holds the very number used."""
    return round(float(rng.uniform(limits[0], limits[1])), 6)


def words_at(words: list[str], positions: Iterable[int]) -> list[str]:
    """Return the words that stood at `positions`, for a recipe that can be read."""
    return [words[position] for position in positions]
