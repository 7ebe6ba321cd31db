"""The type of a feature family, and the registry of families."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples


@dataclass(frozen=True)
class Clip:
    """The inputs of a family.

    Attributes
    ----------
    samples : float32[n]
        16 kHz mono, at least one sample; empty if none of the current families needs the sound.
    text : str
        The transcript; may be blank and in any language.
    source : mapping
        Measurements of the recording before mixing and resampling: `stages.core.store.tables.SOURCE`.
    """

    samples: Samples
    text: str
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """A group of features that are measured, cached and judged together.

    Attributes
    ----------
    columns : tuple of str
        The features' names, in order.
    needs : tuple of str
        Columns of the clip that the values depend on; "audio_hash" means that the clip's sound is decoded.
    libraries : tuple of str
        Packages whose version can change a value.
    measure : callable
        Returns a finite value for each of `columns`, for every clip; an undefined feature has a documented fallback.
    """

    columns: tuple[str, ...]
    needs: tuple[Literal["audio_hash", "source", "text"], ...]
    libraries: tuple[str, ...]
    measure: Callable[[Clip], dict[str, float]]


FAMILIES: Registry[Family] = Registry("feature family")

Need = Literal["audio_hash", "source", "text"]
Measure = Callable[[Clip], dict[str, float]]


def feature_family(
    name: str, *, columns: tuple[str, ...], needs: tuple[Need, ...], libraries: tuple[str, ...]
) -> Callable[[Measure], Measure]:
    """Register the decorated function, which measures a feature family; see `Family`."""

    def add(measure: Measure) -> Measure:
        FAMILIES.register(name)(Family(columns, needs, libraries, measure))
        return measure

    return add


def finite(value: float, fallback: float = 0.0) -> float:
    """Return `value`, or `fallback` if it is NaN or infinite and so undefined for this clip."""
    return float(value) if np.isfinite(value) else fallback
