"""Make a neighbour from a clip and, for some pairings, a donor.

The stage `perturbation` makes every neighbour once and keeps its recipe and a hash of its sound. Later stages hear
neighbours by `stages.neighbours.sounds`, which makes the sound again by this code, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stages.core.run.randomness import generator
from stages.core.sound.audio import Samples, as_stored
from stages.core.sound.codec import NO_CODEC, round_trip
from stages.neighbours.recipe import PERTURBATIONS, Paired, Recipe, Utterance


@dataclass(frozen=True)
class Draw:
    """What decides a neighbour, besides the clip and its donor.

    Attributes
    ----------
    perturbation : str
    index : int
        Number of the neighbour among the clip's neighbours of this perturbation.
    settings : mapping
        The keyword arguments of the perturbation's function.
    seed : int
    codec : str
        The codec that every pairing goes through.
    """

    perturbation: str
    index: int
    settings: Mapping[str, Any]
    seed: int
    codec: str = NO_CODEC


@dataclass(frozen=True)
class Rendered:
    """A neighbour. A sound or a text of None is the clip's own.

    Attributes
    ----------
    recipe : dict
    samples : float32[n] or None
        In the precision in which clips are stored.
    text : str or None
    """

    recipe: Recipe
    samples: Samples | None = None
    text: str | None = None


def subject(perturbation: str, audio_hash: str, text: str) -> str:
    """Return what a perturbation changes: the sound's hash, the text, or both. Its draws depend on this."""
    kind = PERTURBATIONS[perturbation].kind
    if kind == "pairing":
        return f"{audio_hash} {text}"
    return audio_hash if kind == "audio" else text


def rendered(
    draw: Draw, audio_hash: str, text: str, samples: Samples | None, donor: Utterance | None = None
) -> Rendered:
    """Make a neighbour.

    Parameters
    ----------
    draw : Draw
    audio_hash, text : str
        Of the clip.
    samples : float32[n] or None
        The clip's sound; None only for a perturbation of texts.
    donor : Utterance or None
        For a pairing that takes from another clip, if there is one that fits.
    """
    perturbation = PERTURBATIONS[draw.perturbation]
    rng = generator(draw.seed, draw.perturbation, subject(draw.perturbation, audio_hash, text), draw.index)
    if perturbation.kind == "text":
        changed, recipe = perturbation.apply(text, rng, **draw.settings)
        return Rendered(recipe, text=changed)
    assert samples is not None
    if perturbation.kind == "audio":
        sound, recipe = perturbation.apply(samples, rng, **draw.settings)
        return Rendered(recipe, as_stored(sound))
    paired, recipe = perturbation.apply(Utterance(samples, text, donor), rng, **draw.settings)
    return Rendered(recipe, _through(paired, draw.codec), paired.text)


def _through(paired: Paired, codec: str) -> Samples | None:
    return None if paired.samples is None else as_stored(round_trip(paired.samples, codec))
