"""From clips to rows of neighbours: find those that the caches lack, and join all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.codec import NO_CODEC
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import RowCache, row_key
from stages.perturbation.donors import Donors
from stages.perturbation.make import Donor, NeighbourTask, Wanted, subject
from stages.perturbation.recipe import PERTURBATIONS, Chosen

CLIPS_AT_ONCE = 16
CHEAP = ["clip_id", "audio_hash", "text", "speaker", "member"]
"""Columns of ``clips.parquet`` that the cache keys are made of."""


@dataclass(frozen=True)
class Asked:
    """The neighbours that a run makes of a corpus.

    Attributes
    ----------
    chosen : sequence of Chosen
    seed : int
    donors : Donors
    codec : str
        The codec that every pairing goes through.
    """

    chosen: Sequence[Chosen]
    seed: int
    donors: Donors
    codec: str = NO_CODEC

    def wanted(self, choice: Chosen, clips: Iterable[Mapping[str, Any]]) -> list[list[Wanted]]:
        """Return, for each clip, its neighbours by one perturbation.

        A neighbour's key covers all that it depends on: the sound or text, settings, code, libraries, seed, index and
        donor.
        """
        fixed = self._fixed(choice)
        return [[self._one(choice, fixed, clip, index) for index in range(choice.count)] for clip in clips]

    def _fixed(self, choice: Chosen) -> list[Any]:
        perturbation = choice.perturbation
        code = [code_version(perturbation.apply.__module__), code_version(NeighbourTask.__module__)]
        libraries = library_versions("numpy", "soundfile", *perturbation.libraries)
        content = perturbation.content(choice.settings) if perturbation.content else None
        return [code, libraries, choice.settings, self.seed, self._codec(choice), content]

    def _codec(self, choice: Chosen) -> str:
        return self.codec if choice.perturbation.kind == "pairing" else NO_CODEC

    def _one(self, choice: Chosen, fixed: list[Any], clip: Mapping[str, Any], index: int) -> Wanted:
        donor = self._donor(choice, clip, index)
        origin = None if donor is None else [donor.clip[column] for column in CHEAP]
        key = row_key(fixed, subject(choice.name, clip), index, origin)
        return Wanted(choice.name, key, index, choice.settings, self.seed, donor, self._codec(choice))

    def _donor(self, choice: Chosen, clip: Mapping[str, Any], index: int) -> Donor | None:
        if choice.perturbation.donor is None:
            return None
        found = self.donors.donor(choice.perturbation.donor, choice.name, clip["clip_id"], index)
        return None if found is None else Donor(found)


def missing_tasks(clips: list[dict[str, Any]], asked: Asked, caches: Mapping[str, RowCache]) -> list[NeighbourTask]:
    """Return a task, still without sound, for every clip that lacks a neighbour."""
    lacking: list[list[Wanted]] = [[] for _ in clips]
    for choice in asked.chosen:
        wanted = asked.wanted(choice, clips)
        absent = set(caches[choice.name].missing(one.key for of_clip in wanted for one in of_clip))
        for of_clip, lacks in zip(wanted, lacking, strict=True):
            for one in of_clip:
                if one.key in absent:
                    lacks.append(one)
                    absent.remove(one.key)  # a sound or text that occurs twice is changed once
    return [NeighbourTask(None, clip, lacks) for clip, lacks in zip(clips, lacking, strict=True) if lacks]


def needs_sound(task: NeighbourTask) -> bool:
    """Return whether a neighbour of the task is made from the sound."""
    return any(PERTURBATIONS[wanted.name].kind != "text" for wanted in task.wanted)


def batches(tasks: Iterable[NeighbourTask]) -> Iterator[list[NeighbourTask]]:
    """Group tasks so that passing them to a worker costs little compared with the work."""
    stream = iter(tasks)
    while batch := list(islice(stream, CLIPS_AT_ONCE)):
        yield batch


def joined(clips: list[dict[str, Any]], asked: Asked, caches: Mapping[str, RowCache]) -> pa.Table:
    """Return the rows of ``neighbours.parquet`` for these clips, all of whose neighbours are cached."""
    rows = [_row(clip, "original", 0, "original", {"recipe": "{}"}) for clip in clips]
    for choice in asked.chosen:
        keys = [one.key for of_clip in asked.wanted(choice, clips) for one in of_clip]
        cached = iter(caches[choice.name].rows(keys).to_pylist())
        kind = choice.perturbation.kind
        rows += [_row(clip, choice.name, index, kind, next(cached)) for clip in clips for index in range(choice.count)]
    rows.sort(key=lambda row: (row["clip_id"], row["neighbour_id"]))
    return pa.Table.from_pylist(rows, NEIGHBOURS_SCHEMA)


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
