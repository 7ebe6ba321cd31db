"""The type of a perturbation, the registry of perturbations, and the choice that params make."""

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
from stages.neighbours.settings import PerturbationSettings

Recipe = dict[str, Any]
"""Every number that was drawn, and the values that follow from it: enough to repeat the change by hand."""

Kind = Literal["audio", "text", "pairing"]
"""What a perturbation changes: the sound, the text, or which sound and text belong together."""

DonorRule = Literal["other_speaker", "same_speaker", "same_text"]
"""The kind of clip that a pairing takes from: another speaker and another text, the same speaker and another text, or
another speaker and the same text."""


@dataclass(frozen=True)
class Utterance:
    """A clip, and the donor for its pairing.

    Attributes
    ----------
    samples : float32[n]
    text : str
    donor : Utterance or None
        The clip to take from, by the perturbation's rule; None if no clip of the corpus fits.
    """

    samples: Samples
    text: str
    donor: Utterance | None = None


@dataclass(frozen=True)
class Paired:
    """The result of a pairing: a sound and a text. None stands for the clip's own."""

    samples: Samples | None = None
    text: str | None = None


@dataclass(frozen=True)
class Perturbation:
    """One way to change a clip.

    Attributes
    ----------
    kind : "audio", "text" or "pairing"
        What it changes. Later stages group by it. An audio neighbour keeps the clip's text, and a text neighbour keeps
        the clip's sound.
    apply : callable
        ``apply(samples: float32[n], rng, **settings) -> (float32[n], recipe)``,
        ``apply(text, rng, **settings) -> (str, recipe)`` or
        ``apply(utterance: Utterance, rng, **settings) -> (Paired, recipe)``. It must work for every clip. If there is
        nothing to change, such as a single word to swap, it returns the clip unchanged and the recipe says so.
    settings : type of PerturbationSettings
        The settings in `params.yaml`: the keywords that `apply` takes, and `count`.
    donor : DonorRule or None
        The donor's rule, for a pairing that takes from another clip.
    libraries : tuple of str
        Packages, besides numpy and soundfile, whose version can change a neighbour.
    stored : bool
        Whether the table keeps the sound. This is for sounds that another program or a model makes: they cost much, and
        other versions of it make others. Every other sound is rendered again when it is heard.
    content : callable, optional
        Takes the settings and returns a hash of further inputs, such as a model's weights; called once per run.
    """

    kind: Kind
    apply: Callable[..., tuple[Any, Recipe]]
    settings: type[PerturbationSettings] = PerturbationSettings
    donor: DonorRule | None = None
    libraries: tuple[str, ...] = ()
    stored: bool = False
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
    stored: bool = False,
    content: Callable[[Mapping[str, Any]], str] | None = None,
) -> Callable[[Apply], Apply]:
    """Register the decorated function as a perturbation; see `Perturbation`."""

    def add(function: Apply) -> Apply:
        PERTURBATIONS.register(name)(Perturbation(kind, function, settings, donor, libraries, stored, content))
        return function

    return add


@dataclass(frozen=True)
class Chosen:
    """A perturbation with the count and settings of params.

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
    """Return the perturbations of ``perturbation.neighbours``, sorted by name, without those whose count is 0.

    Raises
    ------
    EarwitnessError
        For an unknown perturbation, an unknown or missing setting, or a value out of range; the message names the key.
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
    """Draw from ``[limits[0], limits[1]]``, rounded to six decimals, so that the recipe holds the exact number used."""
    return round(float(rng.uniform(limits[0], limits[1])), 6)


def words_at(words: list[str], positions: Iterable[int]) -> list[str]:
    """Return the words at `positions`, so that people can read the recipe."""
    return [words[position] for position in positions]
