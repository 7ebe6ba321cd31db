"""What a feature family is, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples


@dataclass(frozen=True)
class Clip:
    """What a family may look at.

    Attributes
    ----------
    samples : float32[n]
        16 kHz mono, at least one sample; empty if no family that is measured now needs the sound.
    text : str
        The transcript; may be blank and in any language.
    source : mapping
        What was measured on the recording before mixing and resampling: `stages.core.store.tables.SOURCE`.
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
        Their names, in order.
    needs : tuple of str
        Columns of the clip that the values depend on; with "audio_hash" the clip's sound is decoded.
    libraries : tuple of str
        Packages whose version can change a value.
    measure : callable
        Returns a finite value for each of `columns`, whatever the clip; what is undefined has a stated fallback.
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
    """Register the decorated function as what measures a feature family; see `Family`."""

    def add(measure: Measure) -> Measure:
        FAMILIES.register(name)(Family(columns, needs, libraries, measure))
        return measure

    return add


def finite(value: float, fallback: float = 0.0) -> float:
    """Return `value`, or `fallback` where it is NaN or infinite: undefined for this clip."""
    return float(value) if np.isfinite(value) else fallback
