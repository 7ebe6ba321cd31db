"""Measure the logit cache: ``python -m tests.benchmarks.logits [--tiny]``, about eight minutes on one core.

The figures are processor time (user and system). The ways to compare take turns in one run, and the best time of each
counts. The benchmark reads params.yaml and no other file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import torch

from stages.core.sound.audio import RATE, audio_hash, encode_flac
from stages.core.sound.clips import FlacSound
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_table
from stages.logits.__main__ import work
from stages.logits.batching import Sounding, batches
from stages.logits.forward import ForwardRequest, computed_batches
from stages.logits.plan import GIVEN, PlannedRow
from stages.logits.statistics import ORDERS, token_statistics
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from tests.benchmarks.baselines import bare_batches, bare_forward, fimmia, vl_mia
from tests.benchmarks.corpora import FIMMIA, LAB, clip, lab_adapter, project, queries, qwen2_audio, write_corpus
from tests.params import ROOT, Whole

AUDIT = "bench"
BATCH = 32
CLIPS = 200
FEW_CLIPS = 1200
"""Enough to fill every buffer that is bounded: windows of rows, row groups, kept sounds."""
QUESTION = ForwardRequest([TRANSCRIBE], ["transcript"], ORDERS, 128)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a measurement: name: measured, wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.logits")
    parser.add_argument("--tiny", action="store_true", help="a few clips and the lab's model, to see that it runs")
    parser.add_argument("--memory", type=int, help="print this process's peak memory for so many clips")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.memory:
        memory(asked.memory)
        return
    lab = lab_adapter(0)
    if asked.tiny:
        statistics(4, 512)
        bare(lab, 2)
        public_ways("the lab's model, one clip", lab, queries(1, 0.5, 3, LAB))
        cache(2)
        flat_memory(2)
        return
    statistics()
    bare(lab, CLIPS)
    public_ways("the lab's model and mix", lab, queries(6, 2.0, 6, LAB))
    larger = qwen2_audio(
        {"d_model": 256, "encoder_layers": 6, "encoder_attention_heads": 4, "encoder_ffn_dim": 1024},
        {
            "hidden_size": 512,
            "intermediate_size": 1408,
            "num_hidden_layers": 8,
            "num_attention_heads": 8,
            "num_key_value_heads": 8,
            "vocab_size": 8192,
        },
        window_seconds=30,
    )
    public_ways("20 M parameters, clips of 10 s, 6 audio and 18 text neighbours", larger, queries(2, 10.0, 8, FIMMIA))
    cache(CLIPS)
    flat_memory(FEW_CLIPS)


def statistics(tokens: int = 64, vocabulary: int = 151_936) -> None:
    """Compare `token_statistics` with `log_softmax`, by turns."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(tokens, vocabulary, generator=generator)
    token_ids = torch.randint(vocabulary, (tokens,), generator=generator)
    ours, softmax = best_of(9, lambda: token_statistics(logits, token_ids), lambda: torch.log_softmax(logits, -1))
    report(f"token_statistics over log_softmax, {tokens} x {vocabulary}", ours / softmax, "at most 6")


def bare(adapter: Qwen2AudioAdapter, clips: int) -> None:
    """Compare the stage with the model's own forward in batches of like length."""
    with project(clips) as params:
        rows = [query for number in range(clips) for query in queries_of(number)]
        ready = bare_batches(adapter, rows, BATCH)
        other, stage = best_of(1, lambda: bare_forward(adapter.model, ready), lambda: fresh(params))
    report(f"stage over a bare batched forward, {len(rows)} rows", stage / other, "at most 1.25")


def queries_of(number: int) -> list[Query]:
    """Return the rows of one of the project's clips."""
    return [Query(samples, audio_hash(samples), TRANSCRIBE, text) for _, samples, text in clip(number, 2.0, 6, LAB)]


def fresh(params: Whole) -> None:
    """Run the stage without rows of earlier runs."""
    shutil.rmtree(".cache", ignore_errors=True)
    work(AUDIT, params)


def public_ways(name: str, adapter: Qwen2AudioAdapter, rows: Sequence[Query]) -> None:
    """Compare the stage's work on rows, from FLAC to statistics, with FiMMIA's and VL-MIA's way."""
    few = rows[:: max(1, len(rows) // 8)]  # VL-MIA's way is slow, and each row costs the same
    sounding = [
        Sounding(
            PlannedRow(f"{at:04}", str(at), row.audio_hash, row.text, 0, GIVEN, len(row.samples) / RATE),
            FlacSound(encode_flac(row.samples)),
        )
        for at, row in enumerate(rows)
    ]

    def stage() -> None:
        adapter._sounds.clear()
        sounds = {item.row.neighbour_id: item.sound for item in sounding}
        prepared = batches([item.row for item in sounding], BATCH, lambda row: sounds[row.neighbour_id])
        list(computed_batches(adapter, prepared, QUESTION, BATCH, 1))

    def one_by_one() -> None:
        fimmia(adapter, rows)

    def by_slices() -> None:
        vl_mia(adapter, few)

    ours, loss_only, sliced = best_of(2, stage, one_by_one, by_slices)
    per_row = ours / len(rows)
    report(f"FiMMIA's way over the stage ({name})", loss_only / len(rows) / per_row, "at least 2, aim 4")
    report(f"VL-MIA's way over the stage ({name})", sliced / len(few) / per_row, "at least 5")


def cache(clips: int) -> None:
    """Measure what the rows take on disk, and what 1 % of new clips costs."""
    with project(clips) as params:
        cold = seconds(lambda: work(AUDIT, params))
        tables = sum(file.stat().st_size for file in artifact("logits", AUDIT).iterdir())
        tokens = pc.sum(pc.list_value_length(read_table(artifact("logits", AUDIT, "tokens.parquet"))["token_ids"]))
        file = artifact("logits", AUDIT, "tokens.parquet").stat().st_size
        report("bytes per token of tokens.parquet", file / tokens.as_py(), "at most 100")
        report("bytes per token of the stage's tables", tables / tokens.as_py(), "at most 100")
        unchanged = seconds(lambda: work(AUDIT, params))
        write_corpus(range(clips + max(1, clips // 100)))
        new = seconds(lambda: work(AUDIT, params))
    report("with nothing new, share of the cold time", unchanged / cold, "")
    report("with 1 % new clips, share of the cold time", new / cold, "at most 0.05 and start-up")


def flat_memory(few: int) -> None:
    """Compare the peak memory of processes with few and with twice as many clips."""
    peaks, environment = [], {**os.environ, "PYTHONPATH": str(ROOT)}
    for clips in (few, 2 * few):
        command = [sys.executable, "-m", "tests.benchmarks.logits", "--memory", str(clips)]
        peaks.append(
            int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()[-1])
        )
    report(f"peak memory with {2 * few} clips over {few} ({peaks[0] >> 10} MB)", peaks[1] / peaks[0], "about 1")


def memory(clips: int) -> None:
    """Run the stage on so many clips and print this process's peak memory in KB."""
    with project(clips) as params:
        work(AUDIT, params)
    # getrusage would give the parent's peak where that is higher: it outlives exec.
    status = Path("/proc/self/status").read_text()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def best_of(times: int, *ways: Callable[[], object]) -> list[float]:
    """Return the least processor time of each way, after one round to warm up."""
    rounds = [[seconds(way) for way in ways] for _ in range(times + 1)]
    return [float(value) for value in np.min(rounds[1:], axis=0)]


def seconds(way: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    started = time.process_time()
    way()
    return time.process_time() - started


def report(name: str, measured: float, wanted: str) -> None:
    """Print a line."""
    print(f"{name}: {measured:.3g}, {wanted}" if wanted else f"{name}: {measured:.3g}", flush=True)


if __name__ == "__main__":
    main()
