"""The cost of neighbours and their detector: ``python -m tests.benchmarks.neighbours [clips] [--tiny]``.

The output has two parts. First, seconds of sound rendered per second of one core's processor time, for the default set
and for each perturbation, with FLAC decoding and encoding, the best of three. Second, the processor time of the
detector's stage on 2,000 clips with 24 neighbours, in a process of its own. Processor time is user and system time.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

import stages.neighbours.perturbations  # noqa: F401  # registers the perturbations
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, tokens_schema
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, encode_flac
from stages.core.sound.clips import FlacSound
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.logits.statistics import statistic_names
from stages.neighbours.recipe import PERTURBATIONS
from stages.neighbours.rendering import Draw
from stages.perturbation.make import Donor, NeighbourTask, Wanted, make_batch
from tests.params import ROOT, audit_params

CLIPS, NEIGHBOURS, SPEAKERS, TOKENS, WIDTH = 2000, 24, 100, 40, 128
SECONDS = (2.0, 4.0, 10.0)
TINY_CLIPS, TINY_SECONDS = 40, (0.6, 0.7, 0.8)
REAL_TIME_WANTED, SECONDS_WANTED = 40.0, 60.0
REPEATS = 3
OTHERS: dict[str, dict[str, Any]] = {
    "as_it_was": {},
    "clipping": {"share": [0.01, 0.05]},
    "formants": {"factor": [0.85, 1.2]},
    "g711": {"law": "ulaw"},
    "low_pass": {"hertz": [2000, 4000]},
    "mp3": {"compression": [0.5, 0.9]},
    "noise_alone": {},
    "opus": {"compression": [0.5, 1.0]},
    "other_text": {},
    "pitch": {"semitones": [-4, 4]},
    "polarity": {},
    "resynthesis": {"language": "English (America)", "variant": "Female1", "words_per_minute": [150, 200]},
    "reverberation": {"seconds": [0.2, 0.6], "direct_db": [0, 10]},
    "silence": {},
    "spectral_inversion": {},
    "speed": {"factor": [0.9, 1.1]},
    "telephone_band": {"low_hertz": [280, 320], "high_hertz": [3300, 3500]},
    "text_alone": {"seconds": 0.2},
    "time_reversal": {},
    "voice_conversion": {"semitones": [3, 6], "formants": [1.08, 1.2]},
    "wrong_audio": {},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both, print what was measured and wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.neighbours")
    parser.add_argument("clips", nargs="?", type=int, default=CLIPS)
    parser.add_argument("--tiny", action="store_true", help="a few short clips, to see that it runs")
    asked = parser.parse_args(arguments)
    lengths, repeats = (TINY_SECONDS, 1) if asked.tiny else (SECONDS, REPEATS)
    content = audit_params()
    default = {name: _settings(given) for name, given in content["perturbation"]["neighbours"].items()}
    clips = _clips(lengths)
    seconds = sum(lengths)
    times = {name: _rendering(name, settings, clips, repeats) for name, settings in (default | OTHERS).items()}
    for name, spent in times.items():
        print(f"{name}: {seconds / spent:.0f} times real time on one core")
    mean = float(np.mean([seconds / times[name] for name in default if PERTURBATIONS[name].kind != "text"]))
    overall = seconds * len(default) / sum(times[name] for name in default)
    print(f"default set, mean over its audio perturbations: {mean:.0f}, wanted >= {REAL_TIME_WANTED:.0f}")
    print(f"default set, all sound over all time: {overall:.0f}, wanted >= {REAL_TIME_WANTED:.0f}")
    _detector(content, TINY_CLIPS if asked.tiny else asked.clips)


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "count"}


def _clips(lengths: Sequence[float]) -> list[tuple[dict[str, Any], bytes]]:
    """Return clips of speech-like sound: a buzz with syllables and noise."""
    made = []
    for number, length in enumerate(lengths):
        clock = np.arange(int(length * RATE)) / RATE
        phase = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * clock)) / RATE
        buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 25))
        noise = 0.002 * np.random.default_rng(number).standard_normal(len(clock))
        sound = (0.2 * buzz * np.clip(np.sin(6 * np.pi * clock), 0, None) + noise).astype(np.float32)
        text = " ".join(["anna buys the red apple"] * (1 + number))
        made.append(
            ({"clip_id": str(number), "audio_hash": str(number), "text": text, "member": None}, encode_flac(sound))
        )
    return made


def _rendering(name: str, settings: dict[str, Any], clips: list[tuple[dict[str, Any], bytes]], repeats: int) -> float:
    """Return the processor seconds of one neighbour of each clip, from FLAC to a row for the cache."""
    donor = Donor(clips[0][0], FlacSound(clips[0][1])) if PERTURBATIONS[name].donor else None
    wanted = [Wanted("key", Draw(name, 0, settings, 7), donor)]
    tasks = [NeighbourTask(FlacSound(audio), clip, wanted) for clip, audio in clips]
    make_batch(tasks)  # imports, and the synthesiser's process
    best = np.inf
    for _ in range(repeats):
        begun = time.process_time()
        make_batch(tasks)
        best = min(best, time.process_time() - begun)
    return float(best)


def _detector(content: dict[str, Any], clips: int) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("params.yaml").write_text(yaml.safe_dump(content))
        _write_artifacts(clips)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "stages.fidelity_detector", "--audit", "bench"]
        subprocess.run(command, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"detector's stage, {clips} clips with {NEIGHBOURS} neighbours, CPU seconds (two roles, all folds, importance, "
        f"start): {spent:.1f}, wanted <= {SECONDS_WANTED:.0f}"
    )


def _write_artifacts(clips: int) -> None:
    """Write an audit in which noise changes members' tokens less, so that training does not stop at once."""
    rng = np.random.default_rng(0)
    ids = [f"clip_{number:05d}" for number in range(clips)]
    member = rng.random(clips) < 0.5
    made = pa.table(
        {"clip_id": ids, "member": member, "speaker": [f"s{code}" for code in rng.integers(0, SPEAKERS, clips)]}
    )
    _put("corpus", "bench", "clips", [_filled(made, CLIPS_SCHEMA)], CLIPS_SCHEMA)
    kinds = [("original", "original", 0)]
    kinds += [("audio" if place < 12 else "text", f"way_{place // 4}", place % 4) for place in range(NEIGHBOURS)]
    around = [
        {"neighbour_id": f"{clip}/{name}/{index}", "clip_id": clip, "kind": kind, "perturbation": name}
        for clip in ids
        for kind, name, index in kinds
    ]
    rows = _filled(pa.Table.from_pylist(around), NEIGHBOURS_SCHEMA)
    _put("perturbation", "bench", "neighbours", [rows], NEIGHBOURS_SCHEMA)
    schema = tokens_schema(statistic_names())
    names = [row["neighbour_id"] for row in around]
    size = np.where(np.repeat(member, len(kinds)), 0.4, 0.5)
    _put("logits", "bench", "tokens", _tokens(names, size, rng, schema), schema)
    _put("logits", "bench", "embeddings", _embeddings(names, rng), EMBEDDINGS_SCHEMA)


def _put(stage: str, name: str, table: str, rows: Any, schema: pa.Schema) -> None:
    write_table(artifact(stage, name, f"{table}.parquet"), rows, schema)


def _filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with every column of a schema, null where it has none."""
    return pa.table(
        {
            field.name: table[field.name] if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
            for field in schema
        }
    )


def _views(names: list[str]) -> dict[str, Any]:
    return {
        "neighbour_id": np.repeat(names, 2),
        "role": ["reference", "target"] * len(names),
        "instruction": pa.array([0] * 2 * len(names), pa.int16()),
        "condition": ["given"] * 2 * len(names),
    }


def _tokens(names: list[str], size: np.ndarray, rng: np.random.Generator, schema: pa.Schema) -> Iterator[pa.Table]:
    for start in range(0, len(names), 1024):
        part = names[start : start + 1024]
        lists = {
            name: list(rng.standard_normal((2 * len(part), TOKENS)) * np.repeat(size[start : start + 1024], 2)[:, None])
            for name in statistic_names()
        }
        given = pa.table(_views(part) | lists | {"token_ids": [list(range(TOKENS))] * 2 * len(part)})
        yield _filled(given.append_column("slice", [["transcript"] * 2 * len(part)]), schema)


def _embeddings(names: list[str], rng: np.random.Generator) -> Iterator[pa.Table]:
    for start in range(0, len(names), 1024):
        part = names[start : start + 1024]
        vectors = {
            name: list(rng.standard_normal((2 * len(part), WIDTH)).astype(np.float16)) for name in ("encoder", "hidden")
        }
        yield pa.table(_views(part) | vectors)


if __name__ == "__main__":
    main()
