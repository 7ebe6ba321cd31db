"""``python -m stages.features --corpus NAME``: measure every clip and pairing that the row cache lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import cast

import pyarrow as pa

from stages.core.run.parallel import ordered_map
from stages.core.run.stage import require_declared, run_stage
from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache
from stages.core.store.tables import read_groups, write_table
from stages.features.family import Family
from stages.features.pairings import PAIRING, PairingRow, joined_pairings, pairings_of, pairings_schema, sound_families
from stages.features.params import FeaturesParams
from stages.features.table import (
    CHEAP,
    MeasurementTask,
    batches,
    cache_schema,
    chosen_families,
    joined,
    measure_batch,
    missing_tasks,
    needs_sound,
    table_schema,
)
from stages.neighbours.sounds import NeighbourSounds

ROWS = 1024
"""Rows per row group of the written files. Each group takes memory for every column until the file is closed."""


def main(name: str, params: FeaturesParams) -> None:
    """Write ``features.parquet`` and ``pairings.parquet``, with rows in the order of clips and neighbours."""
    require_declared(dict(params.corpora), "corpora", name)
    families = chosen_families(params.features.families)
    of_sound = sound_families(families)
    clips, neighbours = artifact("corpus", name, "clips.parquet"), artifact("perturbation", name, "neighbours.parquet")
    with ExitStack() as stack:
        caches = {
            family: stack.enter_context(RowCache(f"features/{family}", cache_schema(families[family])))
            for family in families
        }
        tasks = chain(_tasks(name, families, caches), _pairing_tasks(name, of_sound, caches))
        for measured in ordered_map(measure_batch, batches(tasks), params.compute):
            for family, (keys, values) in measured.items():
                caches[family].append(keys, values)
        folder = artifact("features", name)
        whole, paired = table_schema(families), pairings_schema(of_sound)
        write_table(folder / "features.parquet", _rows(clips, families, caches), whole, ROWS)
        write_table(folder / "pairings.parquet", _pairing_rows(neighbours, of_sound, caches), paired, ROWS)
        for cache in caches.values():
            print(f"features@{name}: {cache.summary()}")


def _tasks(name: str, families: Mapping[str, Family], caches: Mapping[str, RowCache]) -> Iterator[MeasurementTask]:
    """Yield tasks for missing rows of clips, with the sound where it is needed."""
    sounds = None
    for group in read_groups(artifact("corpus", name, "clips.parquet"), CHEAP):
        for task in missing_tasks(group.to_pylist(), families, caches):
            if needs_sound(task):
                sounds = sounds or ClipSounds(name)
                yield replace(task, sound=sounds.sound(task.clip["clip_id"]))
            else:
                yield task


def _pairing_tasks(
    name: str, families: Mapping[str, Family], caches: Mapping[str, RowCache]
) -> Iterator[MeasurementTask]:
    """Yield tasks for missing rows of pairings. Their sounds are made in the workers."""
    sounds = None
    for group in read_groups(artifact("perturbation", name, "neighbours.parquet"), PAIRING):
        for task in missing_tasks(pairings_of(group), families, caches):
            sounds = sounds or NeighbourSounds(name)
            pairing = cast(PairingRow, task.clip)  # made from this row group
            yield replace(task, sound=sounds.sound(pairing["neighbour_id"]))


def _rows(path: Path, families: Mapping[str, Family], caches: Mapping[str, RowCache]) -> Iterator[pa.Table]:
    for group in read_groups(path, CHEAP):
        yield joined(group.to_pylist(), families, caches)


def _pairing_rows(
    neighbours: Path, families: Mapping[str, Family], caches: Mapping[str, RowCache]
) -> Iterator[pa.Table]:
    for group in read_groups(neighbours, PAIRING):
        yield joined_pairings(pairings_of(group), families, caches)


if __name__ == "__main__":
    run_stage("features", main, FeaturesParams, "corpus")
