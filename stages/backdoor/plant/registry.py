"""What a trigger is, and the registry of triggers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stages.core.run.registry import Registry


@dataclass(frozen=True)
class Trigger:
    """One kind of trigger.

    Attributes
    ----------
    apply : callable
        For a trigger that is added, ``apply(length, rng) -> float64[length]``: the sound itself, at any level but
        silence. For a trigger that changes the clip, ``apply(samples: float32[n], amount) -> float[m]``.
    additive : bool
        Whether it is added to the clip. Only such a trigger has a position, repetitions and a signal-to-noise ratio.
    unit : str
        The unit of `amount`, for a trigger that changes the clip.
    limits : (float, float)
        The smallest and the largest `amount`, both included.
    neutral : float
        The amount that leaves the clip as it is.
    control : bool
        Whether it is the control of every attack. The control cannot be the trigger of an attack.
    """

    apply: Callable[..., NDArray[np.floating[Any]]]
    additive: bool
    unit: str = ""
    limits: tuple[float, float] = (0.0, 0.0)
    neutral: float = 0.0
    control: bool = False


TRIGGERS: Registry[Trigger] = Registry("trigger")

Sound = TypeVar("Sound", bound=Callable[..., NDArray[np.floating[Any]]])


def trigger(
    name: str,
    *,
    additive: bool,
    unit: str = "",
    limits: tuple[float, float] = (0.0, 0.0),
    neutral: float = 0.0,
    control: bool = False,
) -> Callable[[Sound], Sound]:
    """Register the decorated function as a trigger; see `Trigger`."""

    def add(function: Sound) -> Sound:
        TRIGGERS.register(name)(Trigger(function, additive, unit, limits, neutral, control))
        return function

    return add
