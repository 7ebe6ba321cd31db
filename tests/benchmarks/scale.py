"""Seconds and memory of every stage as corpora grow: ``python -m tests.benchmarks.scale [clips ...] [--stages ...]``.

For each number of clips the benchmark makes a folder with recordings of noise and runs the stages of an audit on it,
each in a process of its own. Clips are short segments of a few files, read in place (`audio: reference`), with the
default neighbours. Only the model is left out: `logits` would take days on a CPU, so the benchmark writes tables as
that stage writes them, with random statistics of 20 to 40 tokens for each neighbour and role. Of the feature families
those are measured that take no more than a few milliseconds a clip.

Seconds are the user and system time of the stage's process and of its workers; memory is the largest resident set.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import soundfile
import yaml

from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, PROBES_SCHEMA, tokens_schema
from stages.core.sound.audio import RATE
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_groups, read_table, write_table
from stages.logits.statistics import statistic_names
from stages.models.record import write_record
from tests.benchmarks.corpora import WORDS, untrained_record
from tests.params import ROOT, audit_params

SIZES, TINY = (1_000, 10_000), (48,)
SPEAKERS_SHARE, FEWEST_SPEAKERS = 0.02, 12
SEGMENT, SEGMENTS = 0.3, 100
"""Seconds of a clip, and how many clips a file holds."""
FAMILIES = ["recording", "textual"]
STAGES = {
    "corpus": "corpus",
    "perturbation": "corpus",
    "features": "corpus",
    "blind_baseline": "corpus",
    "attacks": "audit",
    "fidelity_detector": "audit",
    "evaluation": "audit",
    "report": "",
}
"""The stages in their order, with the option that names what they work on."""
TINY_STAGES = ["corpus", "perturbation", "features", "attacks"]
"""Those of the tiny form, because each stage takes seconds to start."""
BEFORE = "attacks"
"""The stage before which the tables of `logits` are written."""
WIDTH = 128
"""Width of the embeddings."""
GIBIBYTES = 4.0
TOKENS = artifact("logits", "bench", "tokens.parquet")
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""Starts a stage and says what it took. A process begins with the largest resident set of the one that started it, so
it is started by a small one."""


class Used(NamedTuple):
    """What a process took: CPU seconds, and its largest resident set in GiB."""

    seconds: float
    memory: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the stages on corpora of each size, and print what they took."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale")
    parser.add_argument("clips", nargs="*", type=int, help=f"default: {SIZES}")
    parser.add_argument("--stages", nargs="+", choices=STAGES, help="only these are run")
    parser.add_argument("--folder", type=Path, help="work there, and keep what is made")
    parser.add_argument("--tiny", action="store_true", help="a few clips, to see that it runs")
    asked = parser.parse_args(arguments)
    stages = asked.stages or (TINY_STAGES if asked.tiny else list(STAGES))
    for clips in TINY if asked.tiny else asked.clips or SIZES:
        with contextlib.ExitStack() as stack:
            folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(contextlib.chdir(folder))
            if not Path("params.yaml").exists():
                make_project(clips)
            _run(clips, stages)


def _run(clips: int, stages: Sequence[str]) -> None:
    for stage in stages:
        if stage == BEFORE and not artifact("logits", "bench").exists():
            write_logits()
        used = run_stage(stage, STAGES[stage])
        print(
            f"{stage}, {clips} clips: {used.seconds:.1f} CPU s, {used.memory:.2f} GiB, at most {GIBIBYTES:.0f} GiB",
            flush=True,
        )
    if artifact("logits", "bench").exists():
        print(f"rows of tokens.parquet: {sum(group.num_rows for group in read_groups(TOKENS, ['role']))}")
    size = sum(file.stat().st_size for file in artifact("perturbation", "bench").rglob("*") if file.is_file())
    print(f"neighbours of {clips} clips, MB: {size / 1e6:.1f}")


def run_stage(stage: str, option: str) -> Used:
    """Run a stage on `bench` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", f"stages.{stage}", *([f"--{option}", "bench"] if option else [])]
    launched = [sys.executable, "-c", LAUNCHER, *command]
    found = subprocess.run(launched, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return Used(float(found[0]), float(found[1]) / 2**20)


def make_project(clips: int) -> None:
    """Write params, recordings with a manifest, and the records of two targets."""
    content = audit_params()
    content["corpora"]["bench"]["audio"] = "reference"
    content["features"]["families"] = FAMILIES
    content["compute"] |= {"backend": "loky", "workers": 1}
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for name in ("lab_base", "lab"):
        write_record(untrained_record().model_copy(update={"name": name}))
    make_recordings(artifact("raw", "bench"), clips)


def make_recordings(folder: Path, clips: int) -> None:
    """Write files of noise, and a manifest whose rows are segments of them."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    speakers = max(FEWEST_SPEAKERS, round(SPEAKERS_SHARE * clips))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["clip_id", "path", "start", "end", "text", "speaker", "member"])
        for number in range(clips):
            file, place = divmod(number, SEGMENTS)
            name = f"{file:06d}.wav"
            if place == 0:
                soundfile.write(folder / name, 0.1 * rng.standard_normal(round(SEGMENT * SEGMENTS * RATE)), RATE)
            times = [f"{SEGMENT * at:.2f}" for at in (place, place + 1)]
            text, speaker = " ".join(rng.choice(WORDS, 6)), f"speaker_{rng.integers(speakers)}"
            writer.writerow([f"clip_{number:07d}", name, *times, text, speaker, str(rng.random() < 0.5)])


def write_logits() -> None:
    """Write the tables of the stage `logits` for every neighbour and two roles; members' tokens are a little likelier.

    There are no probes.
    """
    clips = read_table(artifact("corpus", "bench", "clips.parquet"), ["clip_id", "member"])
    member = dict(zip(clips["clip_id"].to_pylist(), clips["member"].to_pylist(), strict=True))
    write_table(TOKENS, _tokens(member), tokens_schema(statistic_names()))
    write_table(artifact("logits", "bench", "embeddings.parquet"), _embeddings(), EMBEDDINGS_SCHEMA)
    write_table(artifact("logits", "bench", "probes.parquet"), PROBES_SCHEMA.empty_table(), PROBES_SCHEMA)


def _neighbours() -> Iterator[tuple[dict[str, object], list[str]]]:
    """Yield the columns that both tables begin with, and the rows' clips, a block at a time."""
    for group in read_groups(artifact("perturbation", "bench", "neighbours.parquet"), ["neighbour_id", "clip_id"]):
        rows = 2 * group.num_rows
        ids = {
            "neighbour_id": np.repeat(group["neighbour_id"].to_pylist(), 2),
            "role": ["reference", "target"] * group.num_rows,
            "instruction": pa.array([0] * rows, pa.int16()),
            "condition": ["given"] * rows,
        }
        yield ids, np.repeat(group["clip_id"].to_pylist(), 2).tolist()


def _tokens(member: dict[str, bool]) -> Iterator[pa.Table]:
    rng = np.random.default_rng(1)
    for ids, clips in _neighbours():
        rows = len(clips)
        lengths = rng.integers(20, 41, rows)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        trained = np.array([member[clip] for clip in clips]) & np.tile([False, True], rows // 2)
        scale = np.repeat(np.where(trained, 0.97, 1.0) * rng.gamma(50.0, 0.02, rows), lengths)
        lists = {
            name: pa.ListArray.from_arrays(offsets, pa.array((-scale * rng.exponential(size=len(scale))).astype("f4")))
            for name in statistic_names()
        }
        token_ids = pa.array(rng.integers(0, 5000, len(scale)), pa.int32())
        yield pa.table(
            {
                **ids,
                "slice": ["transcript"] * rows,
                "seconds_cut": pa.nulls(rows, pa.float32()),
                "failure": pa.nulls(rows, pa.string()),
                "text": [f"what was said in {clip}" for clip in clips],
                "token_ids": pa.ListArray.from_arrays(offsets, token_ids),
                **lists,
            }
        )


def _embeddings() -> Iterator[pa.Table]:
    rng = np.random.default_rng(2)
    for ids, clips in _neighbours():
        offsets = pa.array(np.arange(len(clips) + 1) * WIDTH, pa.int32())
        vectors = (rng.standard_normal(len(clips) * WIDTH).astype(np.float16) for _ in range(2))
        columns = (pa.ListArray.from_arrays(offsets, pa.array(values)) for values in vectors)
        yield pa.table({**ids, **dict(zip(("encoder", "hidden"), columns, strict=True))})


if __name__ == "__main__":
    main()
