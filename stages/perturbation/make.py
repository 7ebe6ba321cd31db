"""Make neighbours: a worker turns tasks into rows for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

import stages.neighbours.perturbations  # noqa: F401 (registers them, in workers too)
from stages.core.sound.audio import RATE, Samples, audio_hash, encode_flac
from stages.core.sound.clips import UndecodedSound
from stages.neighbours.recipe import PERTURBATIONS, Utterance
from stages.neighbours.rendering import Draw, rendered

CACHED = pa.schema(
    [
        ("recipe", pa.string()),
        ("audio", pa.binary()),
        ("audio_hash", pa.string()),
        ("seconds", pa.float32()),
        ("text", pa.string()),
    ]
)
"""The cached part of a neighbour: what is known of its sound where that is not the clip's, and its text where that is
not the clip's. The sound itself is there for perturbations that are `stored`. The clip provides the rest."""


@dataclass(frozen=True)
class Donor:
    """The clip that a pairing takes from; `sound` is None until it is needed."""

    clip: Mapping[str, Any]
    sound: UndecodedSound | None = None


@dataclass(frozen=True)
class Wanted:
    """A neighbour with its cache key, what decides it, and its donor."""

    key: str
    draw: Draw
    donor: Donor | None = None


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


def make_batch(tasks: list[NeighbourTask]) -> Made:
    """Make the neighbours of a batch of tasks; runs in a worker."""
    keys: dict[str, list[str]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        samples = None if task.sound is None else task.sound.samples()
        for wanted in task.wanted:
            name = wanted.draw.perturbation
            keys.setdefault(name, []).append(wanted.key)
            rows.setdefault(name, []).append(_made(wanted, task.clip, samples))
    return {name: (keys[name], pa.Table.from_pylist(rows[name], CACHED)) for name in keys}


def _made(wanted: Wanted, clip: Mapping[str, Any], samples: Samples | None) -> dict[str, Any]:
    donor = None
    if wanted.donor is not None:
        assert wanted.donor.sound is not None
        donor = Utterance(wanted.donor.sound.samples(), wanted.donor.clip["text"])
    found = rendered(wanted.draw, clip["audio_hash"], clip["text"], samples, donor)
    entry = PERTURBATIONS[wanted.draw.perturbation]
    recipe = found.recipe | (_origin(wanted) if entry.kind == "pairing" else {})
    sound = {} if found.samples is None else _sound(found.samples, entry.stored)
    return {"recipe": canonical(recipe), "text": found.text} | sound


def _origin(wanted: Wanted) -> dict[str, Any]:
    """Return what a pairing's recipe holds besides its draws: the codec, and the donor if its rule asks for one."""
    origin: dict[str, Any] = {"codec": wanted.draw.codec}
    if PERTURBATIONS[wanted.draw.perturbation].donor:
        donor = None if wanted.donor is None else wanted.donor.clip
        origin |= {"donor": donor and donor["clip_id"], "donor_member": donor and donor["member"]}
    return origin


def _sound(samples: Samples, stored: bool) -> dict[str, Any]:
    return {
        "audio": encode_flac(samples) if stored else None,
        "audio_hash": audio_hash(samples),
        "seconds": len(samples) / RATE,
    }


def canonical(content: Mapping[str, Any]) -> str:
    """Return JSON that is the same for equal content."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
