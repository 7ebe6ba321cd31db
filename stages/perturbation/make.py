"""Make neighbours: a worker turns tasks into rows for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stages.core.run.randomness import generator
from stages.core.sound.audio import Samples, audio_hash, encode_flac
from stages.core.sound.clips import UndecodedSound
from stages.core.sound.codec import NO_CODEC, round_trip
from stages.perturbation.recipe import PERTURBATIONS, Utterance

CACHED = pa.schema(
    [("recipe", pa.string()), ("audio", pa.binary()), ("audio_hash", pa.string()), ("text", pa.string())]
)
"""The cached part of a neighbour: the sound of an audio neighbour, the text of a text neighbour, and what a pairing
changed. The clip provides the rest."""


@dataclass(frozen=True)
class Donor:
    """The clip that a pairing takes from; `sound` is None until it is needed."""

    clip: Mapping[str, Any]
    sound: UndecodedSound | None = None


@dataclass(frozen=True)
class Wanted:
    """A neighbour that is not cached: its perturbation, cache key, index, settings, seed and donor.

    `codec` is the codec that every pairing goes through.
    """

    name: str
    key: str
    index: int
    settings: dict[str, Any]
    seed: int
    donor: Donor | None = None
    codec: str = NO_CODEC


@dataclass(frozen=True)
class NeighbourTask:
    """One clip, and the neighbours of it that are not cached.

    Attributes
    ----------
    sound : UndecodedSound or None
        None if no neighbour needs it.
    clip : dict
        The `CHEAP` columns.
    wanted : list of Wanted
    """

    sound: UndecodedSound | None
    clip: dict[str, Any]
    wanted: list[Wanted]


Made = dict[str, tuple[list[str], pa.Table]]
"""For each perturbation, the cache keys and their rows."""


def subject(name: str, clip: Mapping[str, Any]) -> str:
    """Return what a perturbation changes: the sound's hash, the text, or both. Its draws depend on this."""
    kind = PERTURBATIONS[name].kind
    if kind == "pairing":
        return f"{clip['audio_hash']} {clip['text']}"
    return str(clip["audio_hash"] if kind == "audio" else clip["text"])


def make_batch(tasks: list[NeighbourTask]) -> Made:
    """Make the neighbours of a batch of tasks; runs in a worker."""
    keys: dict[str, list[str]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        for wanted in task.wanted:
            keys.setdefault(wanted.name, []).append(wanted.key)
            rows.setdefault(wanted.name, []).append(_made(wanted, task))
    return {name: (keys[name], pa.Table.from_pylist(rows[name], CACHED)) for name in keys}


def _made(wanted: Wanted, task: NeighbourTask) -> dict[str, Any]:
    perturbation = PERTURBATIONS[wanted.name]
    rng = generator(wanted.seed, wanted.name, subject(wanted.name, task.clip), wanted.index)
    if perturbation.kind == "text":
        text, recipe = perturbation.apply(task.clip["text"], rng, **wanted.settings)
        return {"recipe": _json(recipe), "text": text}
    samples = _decoded(task.sound)
    if perturbation.kind == "audio":
        changed, recipe = perturbation.apply(samples, rng, **wanted.settings)
        return {"recipe": _json(recipe)} | _sound(changed)
    donor = None if wanted.donor is None else Utterance(_decoded(wanted.donor.sound), wanted.donor.clip["text"])
    paired, recipe = perturbation.apply(Utterance(samples, task.clip["text"], donor), rng, **wanted.settings)
    heard = {} if paired.samples is None else _sound(round_trip(paired.samples, wanted.codec))
    return {"recipe": _json(recipe | _origin(wanted)), "text": paired.text} | heard


def _origin(wanted: Wanted) -> dict[str, Any]:
    """Return what a pairing's recipe holds besides its draws: the codec, and the donor if its rule asks for one."""
    origin: dict[str, Any] = {"codec": wanted.codec}
    if PERTURBATIONS[wanted.name].donor:
        donor = None if wanted.donor is None else wanted.donor.clip
        origin |= {"donor": donor and donor["clip_id"], "donor_member": donor and donor["member"]}
    return origin


def _decoded(sound: UndecodedSound | None) -> Samples:
    assert sound is not None
    return sound.samples()


def _sound(samples: Samples) -> dict[str, Any]:
    return {"audio": encode_flac(samples), "audio_hash": audio_hash(samples)}


def _json(recipe: dict[str, Any]) -> str:
    return json.dumps(recipe, sort_keys=True, ensure_ascii=False, allow_nan=False)
