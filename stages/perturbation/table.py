"""From clips to rows of neighbours: which are missing from the caches, and joining them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from stages.core.artifacts import SCHEMAS
from stages.core.codeversion import code_version, library_versions
from stages.core.rowcache import RowCache, row_key
from stages.perturbation.make import Task, Wanted, subject
from stages.perturbation.recipe import PERTURBATIONS, Chosen

CLIPS_AT_ONCE = 16
CHEAP = ["clip_id", "audio_hash", "text"]
"""Columns of ``clips.parquet`` that keys are made of."""


def keys_of(choice: Chosen, seed: int, clips: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return, for each clip, the keys of its neighbours: what is changed, how, by which code, seed and index."""
    code = [code_version(choice.perturbation.apply.__module__), code_version("stages.perturbation.make")]
    fixed = [code, library_versions("numpy", "soundfile"), choice.settings, seed]
    return [[row_key(fixed, subject(choice.name, clip), index) for index in range(choice.count)] for clip in clips]


def missing_tasks(
    clips: list[dict[str, Any]], chosen: Sequence[Chosen], caches: Mapping[str, RowCache], seed: int
) -> list[Task]:
    """Return a task, still without audio, for every clip that lacks a neighbour."""
    wanted: list[list[Wanted]] = [[] for _ in clips]
    for choice in chosen:
        keys = keys_of(choice, seed, clips)
        absent = set(caches[choice.name].missing(key for clip_keys in keys for key in clip_keys))
        for clip_keys, ask in zip(keys, wanted, strict=True):
            for index, key in enumerate(clip_keys):
                if key in absent:
                    ask.append(Wanted(choice.name, key, index, choice.settings, seed))
                    absent.remove(key)  # the same sound or text twice is changed once
    return [Task(None, clip, ask) for clip, ask in zip(clips, wanted, strict=True) if ask]


def needs_audio(task: Task) -> bool:
    """Whether a neighbour that the task wants is made from the sound."""
    return any(PERTURBATIONS[wanted.name].kind == "audio" for wanted in task.wanted)


def batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Group tasks so that handing them to a worker costs little beside the work."""
    stream = iter(tasks)
    while batch := list(islice(stream, CLIPS_AT_ONCE)):
        yield batch


def joined(
    clips: list[dict[str, Any]], chosen: Sequence[Chosen], caches: Mapping[str, RowCache], seed: int
) -> pa.Table:
    """Return the rows of ``neighbours.parquet`` for these clips, all of whose neighbours are cached."""
    rows = [_row(clip, "original", 0, "original", {"recipe": "{}"}) for clip in clips]
    for choice in chosen:
        keys = keys_of(choice, seed, clips)
        cached = iter(caches[choice.name].rows([key for clip_keys in keys for key in clip_keys]).to_pylist())
        kind = choice.perturbation.kind
        rows += [_row(clip, choice.name, index, kind, next(cached)) for clip in clips for index in range(choice.count)]
    rows.sort(key=lambda row: (row["clip_id"], row["neighbour_id"]))
    return pa.Table.from_pylist(rows, SCHEMAS["neighbours"])


def _row(clip: Mapping[str, Any], name: str, index: int, kind: str, cached: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "neighbour_id": f"{clip['clip_id']}/{name}/{index}",
        "clip_id": clip["clip_id"],
        "kind": kind,
        "perturbation": name,
        "recipe": cached["recipe"],
        "audio": cached.get("audio"),
        "audio_hash": cached.get("audio_hash") or clip["audio_hash"],
        "text": clip["text"] if cached.get("text") is None else cached["text"],
    }
