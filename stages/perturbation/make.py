"""Make neighbours: the work of one worker, from tasks to rows for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stages.core.audio import audio_hash, decode_flac, encode_flac
from stages.core.randomness import generator
from stages.perturbation.recipe import PERTURBATIONS

CACHED = pa.schema(
    [("recipe", pa.string()), ("audio", pa.binary()), ("audio_hash", pa.string()), ("text", pa.string())]
)
"""What is kept of a neighbour: of an audio one its sound, of a text one its text; the other half is the clip's."""


@dataclass(frozen=True)
class Wanted:
    """A neighbour that is not cached: which, under what key, by which settings, drawn how."""

    name: str
    key: str
    index: int
    settings: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Task:
    """One clip, and the neighbours of it that are not cached.

    Attributes
    ----------
    audio : bytes or None
        FLAC, where a neighbour needs it.
    clip : dict
        The `CHEAP` columns.
    wanted : list of Wanted
    """

    audio: bytes | None
    clip: dict[str, Any]
    wanted: list[Wanted]


Made = dict[str, tuple[list[str], pa.Table]]
"""By perturbation: keys and their rows."""


def subject(name: str, clip: Mapping[str, Any]) -> str:
    """Return what a perturbation changes, and its draws depend on: the sound's hash, or the text."""
    return str(clip["audio_hash"] if PERTURBATIONS[name].kind == "audio" else clip["text"])


def make_batch(tasks: list[Task]) -> Made:
    """Make the neighbours that a batch of tasks wants; runs in a worker."""
    keys: dict[str, list[str]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        for wanted in task.wanted:
            keys.setdefault(wanted.name, []).append(wanted.key)
            rows.setdefault(wanted.name, []).append(_made(wanted, task))
    return {name: (keys[name], pa.Table.from_pylist(rows[name], CACHED)) for name in keys}


def _made(wanted: Wanted, task: Task) -> dict[str, Any]:
    perturbation = PERTURBATIONS[wanted.name]
    rng = generator(wanted.seed, wanted.name, subject(wanted.name, task.clip), wanted.index)
    if perturbation.kind == "text":
        text, recipe = perturbation.apply(task.clip["text"], rng, **wanted.settings)
        return {"recipe": _json(recipe), "text": text}
    assert task.audio is not None, task.clip["clip_id"]
    samples, recipe = perturbation.apply(decode_flac(task.audio), rng, **wanted.settings)
    return {"recipe": _json(recipe), "audio": encode_flac(samples), "audio_hash": audio_hash(samples)}


def _json(recipe: dict[str, Any]) -> str:
    return json.dumps(recipe, sort_keys=True, ensure_ascii=False, allow_nan=False)
