"""What a perturbation is, the registry of them, and what params ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import ValidationError

from stages.core.config.section import first_problem
from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples
from stages.perturbation.settings import PerturbationSettings

Recipe = dict[str, Any]
"""Every number that was drawn, and what came of it: enough to do it again by hand."""

Kind = Literal["audio", "text", "pairing"]
"""What a perturbation changes: the sound, the text, or which voice and words go together."""

DonorRule = Literal["other_speaker", "same_speaker", "same_text"]
"""Which other clip a pairing takes from: of another speaker with another text, of the same speaker with another text,
or of another speaker with the same text."""


@dataclass(frozen=True)
class Utterance:
    """A clip as a pairing sees it.

    Attributes
    ----------
    samples : float32[n]
    text : str
    donor : Utterance or None
        The clip to take from, by the perturbation's rule; None where the corpus has none.
    """

    samples: Samples
    text: str
    donor: Utterance | None = None


@dataclass(frozen=True)
class Paired:
    """What a pairing gives: a sound or None for the clip's own, a text or None for the clip's own."""

    samples: Samples | None = None
    text: str | None = None


@dataclass(frozen=True)
class Perturbation:
    """One way to change a clip.

    Attributes
    ----------
    kind : "audio", "text" or "pairing"
        What it changes. Later stages group by it: of an audio or a text neighbour the other half is the clip's own.
    apply : callable
        ``apply(samples: float32[n], rng, **settings) -> (float32[n], recipe)``,
        ``apply(text, rng, **settings) -> (str, recipe)`` or
        ``apply(utterance: Utterance, rng, **settings) -> (Paired, recipe)``. Defined for every clip: where there is
        nothing to change, such as one word to swap, the clip comes back as it was and the recipe says so.
    settings : type of PerturbationSettings
        What `params.yaml` may say of it: the keywords that `apply` takes, and `count`.
    donor : DonorRule or None
        Of a pairing that takes from another clip.
    libraries : tuple of str
        Packages, beside numpy and soundfile, whose version can change a neighbour.
    content : callable, optional
        From the settings to what else a neighbour depends on, such as a model's weights; asked once a run.
    """

    kind: Kind
    apply: Callable[..., tuple[Any, Recipe]]
    settings: type[PerturbationSettings] = PerturbationSettings
    donor: DonorRule | None = None
    libraries: tuple[str, ...] = ()
    content: Callable[[Mapping[str, Any]], str] | None = None


PERTURBATIONS: Registry[Perturbation] = Registry("perturbation")

Apply = TypeVar("Apply", bound=Callable[..., tuple[Any, Recipe]])


def perturbation(
    name: str,
    *,
    kind: Kind,
    settings: type[PerturbationSettings] = PerturbationSettings,
    donor: DonorRule | None = None,
    libraries: tuple[str, ...] = (),
    content: Callable[[Mapping[str, Any]], str] | None = None,
) -> Callable[[Apply], Apply]:
    """Register the decorated function as a perturbation; see `Perturbation`."""

    def add(function: Apply) -> Apply:
        PERTURBATIONS.register(name)(Perturbation(kind, function, settings, donor, libraries, content))
        return function

    return add


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
    entry = PERTURBATIONS[name]
    try:
        settings = entry.settings.model_validate(given)
    except ValidationError as error:
        setting, problem = first_problem(error)
        raise EarwitnessError(
            f"{key}.{setting}: {problem}: correct this key (it takes {', '.join(entry.settings.model_fields)})"
        ) from error
    return Chosen(name, entry, settings.count, settings.keywords())


def uniform(rng: np.random.Generator, limits: Sequence[float]) -> float:
    """Draw from ``[limits[0], limits[1]]``, rounded to six decimals, so that the recipe holds the very number used."""
    return round(float(rng.uniform(limits[0], limits[1])), 6)


def words_at(words: list[str], positions: Iterable[int]) -> list[str]:
    """Return the words that stood at `positions`, for a recipe that can be read."""
    return [words[position] for position in positions]
