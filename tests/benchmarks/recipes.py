"""Measure how neighbours are kept: ``python -m tests.benchmarks.recipes [CLIPS]``, by default 10,000 of half a second.

It runs the stage `perturbation` in a process of its own on noise, with the neighbours of `params.yaml`, and hears some
of them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import RATE, as_stored, audio_hash, encode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table, write_table
from stages.neighbours.sounds import NeighbourSounds
from tests.params import ROOT, own_params

CLIPS, SECONDS, HEARD = 10_000, 0.5, 1_200
LARGEST = 20e6
"""Bytes that 10,000 clips may take at most."""
CORPUS = "bench"
WORDS = ("anna", "tom", "buys", "saw", "the", "two", "red", "old", "apple", "ships", "now", "today")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print size, time and memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.recipes")
    parser.add_argument("clips", nargs="?", type=int, default=CLIPS)
    parser.add_argument("--tiny", action="store_true", help="a few clips, to see that it runs")
    asked = parser.parse_args(arguments)
    clips = 20 if asked.tiny else asked.clips
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("params.yaml").write_text(yaml.safe_dump(own_params({CORPUS: "column"}, compute={"workers": 1})))
        write_table(artifact("corpus", CORPUS, "clips.parquet"), _clips(clips), CLIPS_SCHEMA)
        _made(clips)
        _heard()


def _clips(count: int) -> Iterator[pa.Table]:
    for number in range(count):
        rng = np.random.default_rng(number)
        samples = as_stored((0.1 * rng.standard_normal(round(SECONDS * RATE))).astype(np.float32))
        row = {"clip_id": f"{number:06}", "audio": encode_flac(samples), "seconds": SECONDS}
        row |= {"audio_hash": audio_hash(samples), "speaker": f"s{number % 251}", "member": bool(number % 2)}
        row |= {"text": f"{' '.join(rng.choice(WORDS, 10))} {number}"}
        yield pa.Table.from_pylist([dict.fromkeys(CLIPS_SCHEMA.names) | row], CLIPS_SCHEMA)


def _made(clips: int) -> None:
    """Run the stage, and print what it took."""
    command = [sys.executable, "-m", "stages.perturbation", "--corpus", CORPUS]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = artifact("perturbation", CORPUS, "neighbours.parquet")
    files = path.rglob("*.parquet") if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files)
    print(f"neighbours of {clips} clips: {size / 1e6:.2f} MB, wanted at most {LARGEST / 1e6:.0f} for {CLIPS}")
    print(f"the stage: {used.ru_utime + used.ru_stime:.1f} CPU seconds, at most {used.ru_maxrss / 1024:.0f} MB")


def _heard() -> None:
    """Print the CPU time of hearing a neighbour of each perturbation."""
    ids = read_table(artifact("perturbation", CORPUS, "neighbours.parquet"), ["neighbour_id", "perturbation"])
    sounds, spent, count = NeighbourSounds(CORPUS), defaultdict[str, float](float), defaultdict[str, int](int)
    for row in ids.slice(0, HEARD).to_pylist():
        begun = time.process_time()
        sounds[row["neighbour_id"]]
        spent[row["perturbation"]] += time.process_time() - begun
        count[row["perturbation"]] += 1
    for name in sorted(spent):
        print(f"heard, {name}: {1000 * spent[name] / count[name]:.2f} CPU milliseconds each")


if __name__ == "__main__":
    main()
