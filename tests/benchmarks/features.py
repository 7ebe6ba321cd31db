"""The cost of features: ``python -m tests.benchmarks.features [--tiny] [PART ...]``; parts: speed, workers, memory.

Sounds are generated: voiced, with syllables and noise, all different. Speed is seconds of sound per second of processor
time (user and system), the best of several runs. The gain by a second core is a ratio of runs that take turns, again
the best, because other work may run at the same time. Memory is the largest resident set of the stage, which runs in
one process of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import yaml

import stages.features  # noqa: F401  (fills the registry)
from stages.core.config.nouns import Compute
from stages.core.run.parallel import WORKERS, ordered_map
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, Samples, audio_hash, encode_flac, to_pcm16
from stages.core.sound.clips import FlacSound
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.corpus.source import measure_source
from stages.features.family import FAMILIES
from stages.features.table import MeasurementTask, batches, measure_batch
from tests.params import ROOT, load_whole, own_params

TEXT = "some words of a transcript"
TIMES_REAL_TIME, SECOND_CORE, GROWTH = 60.0, 1.7, 1.1
FEW, MANY = 1_000, 20_000


def voice(number: int, seconds: float) -> Samples:
    """Return a buzz of a pitch of its own, in syllables, over noise."""
    rng = np.random.default_rng(number)
    at = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(rng.uniform(90, 220) + 8 * np.sin(2 * np.pi * 1.3 * at)) / RATE
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(2, 4) * at), 0, None)
    samples = 0.15 * buzz * syllables + 0.002 * rng.standard_normal(len(at))
    return (to_pcm16(samples.astype(np.float32)) / np.float32(32768)).astype(np.float32)


def clip(number: int, seconds: float) -> dict[str, object]:
    """Return a row of ``clips.parquet``."""
    samples = voice(number, seconds)
    return {
        "clip_id": f"{number:06}",
        "audio": encode_flac(samples),
        "seconds": seconds,
        "audio_hash": audio_hash(samples),
        "source": measure_source(samples[:, None], RATE, "WAV", "PCM_16"),
        "text": TEXT,
    }


def tasks(count: int, seconds: float) -> list[list[MeasurementTask]]:
    """Return batches in which every family is wanted."""
    made = [clip(number, seconds) for number in range(count)]
    wanted = {family: family for family in FAMILIES}
    return list(batches(MeasurementTask(FlacSound(bytes(row.pop("audio"))), row, wanted) for row in made))  # type: ignore[call-overload]


def speed(count: int = 32, seconds: float = 10.0) -> None:
    """Print seconds of sound per second of processor time, decoding included, on one core."""
    work = tasks(count, seconds)
    measure_batch(work[0])  # what is loaded once
    rates = []
    for _ in range(3):
        start = time.process_time()
        for batch in work:
            measure_batch(batch)
        rates.append(count * seconds / (time.process_time() - start))
    print(
        f"all features, times real time on one core: {max(rates):.0f}, wanted {TIMES_REAL_TIME:.0f} on two", flush=True
    )


def workers(count: int = 320, seconds: float = 10.0) -> None:
    """Print by how much a second worker shortens the work."""
    work = tasks(count, seconds)
    ratios = []
    for _ in range(3):
        taken = []
        for number in (1, 2):
            compute = Compute(backend="loky", workers=number, address=None)
            list(ordered_map(measure_batch, work[:number], compute))  # starts the workers
            start = time.perf_counter()
            list(ordered_map(measure_batch, work, compute))
            taken.append(time.perf_counter() - start)
        ratios.append(taken[0] / taken[1])
    busy = os.getloadavg()[0]
    print(
        f"one worker's seconds over two workers': {max(ratios):.2f}, wanted {SECOND_CORE} (load {busy:.1f})", flush=True
    )


def memory(few: int = FEW, many: int = MANY) -> None:
    """Print how the stage's largest resident set grows with the corpus."""
    peaks = {count: _peak(count) for count in (few, many)}
    shown = ", ".join(f"{count} clips {peak:.0f}" for count, peak in peaks.items())
    print(f"MiB resident, {shown}: ratio {peaks[many] / peaks[few]:.2f}, wanted <= {GROWTH}", flush=True)


def _peak(count: int) -> float:
    """Return the MiB of the stage's process, which does the work itself, on a new corpus of so many short clips."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "params.yaml").write_text(yaml.safe_dump(own_params({"bench": "column"})))
        path = Path(folder) / artifact("corpus", "bench", "clips.parquet")
        write_table(path, _clips(count), CLIPS_SCHEMA)
        neighbours = Path(folder) / artifact("perturbation", "bench", "neighbours.parquet")
        write_table(neighbours, [], NEIGHBOURS_SCHEMA)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", WORKERS: "1"}
        command = [sys.executable, "-m", "tests.benchmarks.features", "resident"]
        done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _clips(count: int) -> Iterator[pa.Table]:
    for start in range(0, count, 500):
        rows = [clip(number, 0.2) for number in range(start, min(count, start + 500))]
        yield pa.Table.from_pylist(rows, CLIPS_SCHEMA)


def resident() -> None:
    """Run the stage here and print the MiB that it held at most."""
    from stages.features.__main__ import main as stage

    stage("bench", load_whole())
    # getrusage would give the parent's peak where that is higher: it outlives exec.
    status = Path("/proc/self/status").read_text()
    print(int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) / 1024)


PARTS: dict[str, Callable[[], None]] = {"speed": speed, "workers": workers, "memory": memory}
TINY: dict[str, Callable[[], None]] = {
    "speed": partial(speed, 2, 0.5),
    "workers": partial(workers, 4, 0.5),
    "memory": partial(memory, 2, 4),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are named, all without a name."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.features")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS, "resident"], default=[])
    parser.add_argument("--tiny", action="store_true", help="a few clips, to see that it runs")
    asked = parser.parse_args(arguments)
    parts = {**(TINY if asked.tiny else PARTS), "resident": resident}
    for name in asked.parts or PARTS:
        parts[name]()


if __name__ == "__main__":
    main()
