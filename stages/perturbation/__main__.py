"""``python -m stages.perturbation --corpus NAME``: make the neighbours of every clip that the row cache lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from stages.core.run.parallel import ordered_map
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache
from stages.core.store.tables import read_groups, write_table
from stages.neighbours.recipe import chosen_perturbations
from stages.perturbation.donors import Donors
from stages.perturbation.make import CACHED, NeighbourTask, Wanted, make_batch
from stages.perturbation.params import PerturbationParams
from stages.perturbation.table import CHEAP, JOINED, Asked, batches, joined, missing_tasks, needs_sound

CLIPS_JOINED = 64
"""Number of clips that are joined at a time. It is small, because the sound of some neighbours is in memory."""


def main(name: str, params: PerturbationParams) -> None:
    """Write ``neighbours.parquet``, with rows in the order of clips and of neighbours' ids."""
    require_declared(dict(params.corpora), "corpora", name)
    chosen = chosen_perturbations(params.perturbation.neighbours)
    clips = artifact("corpus", name, "clips.parquet")
    asked = Asked(chosen, params.seed, _donors(clips, params.seed), params.perturbation.pairing_codec)
    with ExitStack() as stack:
        caches = {
            choice.name: stack.enter_context(RowCache(f"perturbation/{choice.name}", CACHED)) for choice in chosen
        }
        tasks = batches(_tasks(clips, ClipSounds(name), asked, caches))
        for made in ordered_map(make_batch, tasks, params.compute):
            for perturbation, (keys, values) in made.items():
                caches[perturbation].append(keys, values)
        rows = _rows(clips, asked, caches)
        write_table(artifact("perturbation", name, "neighbours.parquet"), rows, NEIGHBOURS_SCHEMA)
        for cache in caches.values():
            print(f"perturbation@{name}: {cache.summary()}")


def _donors(path: Path, seed: int) -> Donors:
    return Donors([clip for group in read_groups(path, CHEAP) for clip in group.to_pylist()], seed)


def _tasks(path: Path, sounds: ClipSounds, asked: Asked, caches: Mapping[str, RowCache]) -> Iterator[NeighbourTask]:
    """Yield tasks for missing neighbours, with the sound of the clip and of its donors where it is needed."""
    for group in read_groups(path, CHEAP):
        for task in missing_tasks(group.to_pylist(), asked, caches):
            sound = sounds.sound(task.clip["clip_id"]) if needs_sound(task) else None
            yield replace(task, sound=sound, wanted=[_with_donor(wanted, sounds) for wanted in task.wanted])


def _with_donor(wanted: Wanted, sounds: ClipSounds) -> Wanted:
    if wanted.donor is None:
        return wanted
    return replace(wanted, donor=replace(wanted.donor, sound=sounds.sound(wanted.donor.clip["clip_id"])))


def _rows(path: Path, asked: Asked, caches: Mapping[str, RowCache]) -> Iterator[pa.Table]:
    for group in read_groups(path, JOINED):
        for start in range(0, group.num_rows, CLIPS_JOINED):
            yield joined(group.slice(start, CLIPS_JOINED).to_pylist(), asked, caches)


if __name__ == "__main__":
    run_stage("perturbation", main, PerturbationParams, "corpus")
