"""``python -m stages.features --corpus NAME``: measure every clip, as far as the row cache does not know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from stages.core.artifacts import artifact, read_group, read_groups, write_table
from stages.core.parallel import ordered_map
from stages.core.params import Params
from stages.core.rowcache import RowCache
from stages.core.stage import require_declared, run_stage
from stages.features.family import Family
from stages.features.table import (
    CHEAP,
    Task,
    batches,
    cache_schema,
    chosen_families,
    joined,
    measure_batch,
    missing_tasks,
    needs_audio,
    table_schema,
)


def main(name: str, params: Params) -> None:
    """Write ``features.parquet``, its rows in the order of the clips."""
    require_declared(dict(params.corpora), "corpora", name)
    families = chosen_families(params.features.families)
    clips = artifact("corpus", name, "clips.parquet")
    with ExitStack() as stack:
        caches = {
            family: stack.enter_context(RowCache(f"features/{family}", cache_schema(families[family])))
            for family in families
        }
        tasks = batches(_tasks(clips, families, caches))
        for measured in ordered_map(measure_batch, tasks, params.compute):
            for family, (keys, values) in measured.items():
                caches[family].append(keys, values)
        rows = _rows(clips, families, caches)
        write_table(artifact("features", name, "features.parquet"), rows, table_schema(families))
        for cache in caches.values():
            print(f"features@{name}: {cache.summary()}")


def _tasks(path: Path, families: Mapping[str, Family], caches: Mapping[str, RowCache]) -> Iterator[Task]:
    """Yield what is missing. Sound is read only for row groups in which it is asked for."""
    for index, group in enumerate(read_groups(path, CHEAP)):
        clips = group.to_pylist()
        tasks = missing_tasks(clips, families, caches)
        if any(map(needs_audio, tasks)):
            audio = read_group(path, index, ["audio"])["audio"]
            at = {clip["clip_id"]: row for row, clip in enumerate(clips)}
            tasks = [replace(task, audio=audio[at[task.clip["clip_id"]]].as_py()) for task in tasks]
        yield from tasks


def _rows(path: Path, families: Mapping[str, Family], caches: Mapping[str, RowCache]) -> Iterator[pa.Table]:
    for group in read_groups(path, CHEAP):
        yield joined(group.to_pylist(), families, caches)


if __name__ == "__main__":
    run_stage("features", main, "corpus")
