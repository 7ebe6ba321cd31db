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
from stages.neighbours.recipe import PERTURBATIONS, Chosen
from stages.neighbours.rendering import Draw, subject
from stages.perturbation.donors import Donors
from stages.perturbation.make import Donor, NeighbourTask, Wanted, canonical

CLIPS_AT_ONCE = 16
CHEAP = ["clip_id", "audio_hash", "text", "speaker", "member"]
"""Columns of ``clips.parquet`` that the cache keys are made of."""
JOINED = [*CHEAP, "seconds"]
"""Columns of ``clips.parquet`` that rows of neighbours are made of."""

ORIGINAL = {"perturbation": "original", "index": 0}
"""The origin of the clip itself, as a neighbour."""


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
        codec = self.codec if choice.perturbation.kind == "pairing" else NO_CODEC
        draws = [Draw(choice.name, index, choice.settings, self.seed, codec) for index in range(choice.count)]
        fixed = self._fixed(choice, codec)
        return [[self._one(choice, fixed, draw, clip) for draw in draws] for clip in clips]

    def _fixed(self, choice: Chosen, codec: str) -> str:
        perturbation = choice.perturbation
        code = [code_version(perturbation.apply.__module__), code_version(NeighbourTask.__module__)]
        libraries = library_versions("numpy", "soundfile", *perturbation.libraries)
        content = perturbation.content(choice.settings) if perturbation.content else None
        return row_key(code, libraries, choice.settings, self.seed, codec, content)

    def _one(self, choice: Chosen, fixed: str, draw: Draw, clip: Mapping[str, Any]) -> Wanted:
        donor = self._donor(choice, clip["clip_id"], draw.index)
        origin = None if donor is None else [donor.clip[column] for column in CHEAP]
        changes = subject(choice.name, clip["audio_hash"], clip["text"])
        return Wanted(row_key(fixed, changes, draw.index, origin), draw, donor)

    def _donor(self, choice: Chosen, clip_id: str, index: int) -> Donor | None:
        if choice.perturbation.donor is None:
            return None
        found = self.donors.donor(choice.perturbation.donor, choice.name, clip_id, index)
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
    return any(PERTURBATIONS[wanted.draw.perturbation].kind != "text" for wanted in task.wanted)


def batches(tasks: Iterable[NeighbourTask]) -> Iterator[list[NeighbourTask]]:
    """Group tasks so that passing them to a worker costs little compared with the work."""
    stream = iter(tasks)
    while batch := list(islice(stream, CLIPS_AT_ONCE)):
        yield batch


def joined(clips: list[dict[str, Any]], asked: Asked, caches: Mapping[str, RowCache]) -> pa.Table:
    """Return the rows of ``neighbours.parquet`` for these clips, all of whose neighbours are cached."""
    rows = [_row(clip, "original", ORIGINAL, {"recipe": "{}"}) for clip in clips]
    for choice in asked.chosen:
        wanted = asked.wanted(choice, clips)
        cached = iter(caches[choice.name].rows([one.key for of_clip in wanted for one in of_clip]).to_pylist())
        kind, settings = choice.perturbation.kind, canonical(choice.settings)
        rows += [
            _row(clip, kind, _origin(one, settings), next(cached))
            for clip, of_clip in zip(clips, wanted, strict=True)
            for one in of_clip
        ]
    rows.sort(key=lambda row: (row["clip_id"], row["neighbour_id"]))
    return pa.Table.from_pylist(rows, NEIGHBOURS_SCHEMA)


def _origin(wanted: Wanted, settings: str) -> dict[str, Any]:
    """Return the columns from which a neighbour can be rendered again."""
    draw, donor = wanted.draw, wanted.donor
    return {
        "perturbation": draw.perturbation,
        "index": draw.index,
        "settings": settings,
        "seed": draw.seed,
        "codec": draw.codec,
        "donor": None if donor is None else donor.clip["clip_id"],
    }


def _row(clip: Mapping[str, Any], kind: str, origin: Mapping[str, Any], cached: Mapping[str, Any]) -> dict[str, Any]:
    own_sound = cached.get("audio_hash") is None
    return {
        "neighbour_id": f"{clip['clip_id']}/{origin['perturbation']}/{origin['index']}",
        "clip_id": clip["clip_id"],
        "kind": kind,
        "recipe": cached.get("recipe"),
        "audio": cached.get("audio"),
        "audio_hash": clip["audio_hash"] if own_sound else cached["audio_hash"],
        "seconds": clip["seconds"] if own_sound else cached["seconds"],
        "text": clip["text"] if cached.get("text") is None else cached["text"],
        **origin,
    }
