"""The cost of scoring 10,000 clips with 25 neighbours, and one row: ``python -m tests.benchmarks.attacks [clips]``.

The benchmark writes artifacts of this size into a temporary folder: random statistics of 20 to 40 tokens per row, for
two roles. Then the stage itself runs on them in a process of its own. CPU time is the user and system time of that
process; memory is its largest resident set. With ``--tiny``, a few clips are scored.

One row is scored by `stages.attacks.score` with all statistics and default settings. The best of many calls is given,
because other processes only add to it, and the same in units of summing 1,000 integers in Python.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from stages.attacks import score
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.features import features_schema
from stages.core.schemas.logits import PROBES_SCHEMA, tokens_schema
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.logits.statistics import statistic_names
from tests.params import ROOT, audit_params

CLIPS, TINY = 10_000, 60
NEIGHBOURS = 25
AUDIO_NEIGHBOURS = 12
FEATURES = 220
SPEAKERS = 200
SECONDS_WANTED = 90.0
MEMORY_WANTED = 2.0
"""CPU seconds and GiB for attacks and statistics together, on two cores."""
ROW_TOKENS = 30
ROW_WANTED = 300.0
"""Microseconds to score one row."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the artifacts, run the stage, print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.attacks")
    parser.add_argument("clips", nargs="?", type=int, default=CLIPS)
    parser.add_argument("--tiny", action="store_true", help="a few clips, to see that it runs")
    asked = parser.parse_args(arguments)
    clips = TINY if asked.tiny else asked.clips
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("params.yaml").write_text(yaml.safe_dump(audit_params()))
        make_artifacts(clips)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-m", "stages.attacks", "--audit", "bench"], env=environment, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"attacks, CPU seconds for {clips} clips: {seconds:.1f}, wanted with statistics <= {SECONDS_WANTED:.0f}")
    print(f"attacks, GiB resident: {memory:.2f}, wanted <= {MEMORY_WANTED:.0f}")
    row, unit = one_row(20 if asked.tiny else 2000)
    print(f"one row, microseconds: {row:.0f} ({row / unit:.0f} sums of 1,000 integers), wanted <= {ROW_WANTED:.0f}")


def one_row(calls: int) -> tuple[float, float]:
    """Return the microseconds of scoring one row, and of summing 1,000 integers: the best of so many calls."""
    rng = np.random.default_rng(0)
    statistics = {name: -rng.exponential(size=ROW_TOKENS).astype(np.float32) for name in statistic_names()}
    ids = rng.integers(0, 5000, ROW_TOKENS)
    row = timeit.repeat(lambda: score(statistics, "what was said in the clip", ids), number=1, repeat=calls)
    unit = timeit.repeat(lambda: sum(range(1000)), number=1, repeat=calls)
    return 1e6 * min(row), 1e6 * min(unit)


def make_artifacts(clips: int) -> None:
    """Write clips, neighbours, features, token statistics and no probes."""
    rng = np.random.default_rng(0)
    names = [f"clip_{index:06d}" for index in range(clips)]
    made = pa.table(
        {
            "clip_id": names,
            "member": rng.random(clips) < 0.5,
            "speaker": [f"speaker_{index}" for index in rng.integers(0, SPEAKERS, clips)],
        }
    )
    write_table(artifact("corpus", "bench", "clips.parquet"), _filled(made, CLIPS_SCHEMA), CLIPS_SCHEMA)
    columns = [f"spectral.{index}" for index in range(FEATURES)]
    values = {name: rng.standard_normal(clips).astype(np.float32) for name in columns}
    schema = features_schema(columns)
    write_table(artifact("features", "bench", "features.parquet"), pa.table({"clip_id": names, **values}), schema)
    kinds = ["audio"] * AUDIO_NEIGHBOURS + ["original"] + ["text"] * (NEIGHBOURS - AUDIO_NEIGHBOURS)
    around = pa.table(
        {
            "neighbour_id": [f"{name}/{place:02d}" for name in names for place in range(len(kinds))],
            "clip_id": np.repeat(names, len(kinds)),
            "kind": kinds * clips,
            "perturbation": kinds * clips,
            "recipe": ["{}"] * len(kinds) * clips,
        }
    )
    schema = NEIGHBOURS_SCHEMA
    write_table(artifact("perturbation", "bench", "neighbours.parquet"), _filled(around, schema), schema)
    schema = tokens_schema(statistic_names())
    write_table(artifact("logits", "bench", "tokens.parquet"), _tokens(around["neighbour_id"], rng), schema)
    schema = PROBES_SCHEMA
    write_table(artifact("logits", "bench", "probes.parquet"), schema.empty_table(), schema)


def _filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with every column of a schema, null where it has none."""
    columns = {
        field.name: table[field.name] if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in schema
    }
    return pa.table(columns)


def _tokens(neighbour_ids: pa.ChunkedArray, rng: np.random.Generator) -> Iterator[pa.Table]:
    statistics = statistic_names()
    for start in range(0, len(neighbour_ids), 4096):
        ids = neighbour_ids[start : start + 4096].to_pylist()
        rows = 2 * len(ids)
        offsets = pa.array(np.concatenate([[0], np.cumsum(rng.integers(20, 41, rows))]), pa.int32())
        total = offsets[-1].as_py()
        lists = {
            name: pa.ListArray.from_arrays(offsets, pa.array(-rng.exponential(size=total).astype(np.float32)))
            for name in statistics
        }
        yield pa.table(
            {
                "neighbour_id": np.repeat(ids, 2),
                "role": ["reference", "target"] * len(ids),
                "instruction": pa.array([0] * rows, pa.int16()),
                "condition": ["given"] * rows,
                "slice": ["transcript"] * rows,
                "seconds_cut": pa.nulls(rows, pa.float32()),
                "failure": pa.nulls(rows, pa.string()),
                "text": [f"what was said in {name}" for name in np.repeat(ids, 2)],
                "token_ids": pa.ListArray.from_arrays(offsets, pa.array(rng.integers(0, 5000, total), pa.int32())),
                **lists,
            }
        )


if __name__ == "__main__":
    main()
