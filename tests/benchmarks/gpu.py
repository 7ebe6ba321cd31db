"""Measure the logit cache's forward on a GPU: ``python -m tests.benchmarks.gpu`` (under 6 minutes).

The model is Qwen2-Audio at its full size of 7B in bfloat16, with random weights from its config. With ``--tiny`` it is
a small model, on any device. A clip has 25 rows, as in FiMMIA: the original, 6 neighbours with other audio and 18 with
other text. The output, a line a measurement: rows a second and the share of the card's matrix rate that the model's
multiplications reach, before and after compiling; FiMMIA's way on the same rows; the costs of three slices and of
generated transcripts; the stage, from FLAC to tables; peak memory.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from stages.core.sound.audio import RATE, encode_flac
from stages.core.sound.clips import FlacSound
from stages.logits.batching import Sounding, batches
from stages.logits.forward import ForwardRequest, computed_batches
from stages.logits.plan import GENERATED, GIVEN, PlannedRow
from stages.logits.statistics import ORDERS, token_statistics
from stages.models.adapter import TRANSCRIBE, Query, Reduced
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from tests.benchmarks.baselines import fimmia
from tests.benchmarks.corpora import FIMMIA, queries, qwen2_audio

FULL_AUDIO = {
    "d_model": 1280,
    "encoder_layers": 32,
    "encoder_attention_heads": 20,
    "encoder_ffn_dim": 5120,
    "num_mel_bins": 128,
}
FULL_TEXT = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 156_032,
}
TINY_AUDIO = {"d_model": 64, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 128}
TINY_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 512,
}
SLICES = ["transcript"]
ROWS = 25
GENERATED_TOKENS = 48
SECONDS, TINY_SECONDS = 10.0, 1.0
WORDS = 8
FEW = 40
"""Rows of FiMMIA's way: it is slow, and each row costs the same."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu")
    parser.add_argument("--tiny", action="store_true", help="a small model, on any device, to see that it runs")
    parser.add_argument("--clips", type=int, help="48, and 1 if tiny")
    parser.add_argument("--batch", type=int, default=8, help="clips that run together")
    asked = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not asked.tiny:
        raise SystemExit("no GPU: use --tiny to see that it runs")
    adapter = build(device, asked.tiny)
    clips = asked.clips or (1 if asked.tiny else 48)
    rows = queries(clips, TINY_SECONDS if asked.tiny else SECONDS, WORDS, FIMMIA)
    size = asked.batch * ROWS
    held = adapter.prepare(rows)
    report("parameters", sum(weight.numel() for weight in adapter.model.parameters()))
    rate = matrix_rate(device)
    report("matrix rate of the card, in this dtype, TFLOP/s", rate / 1e12)
    operations = counted(adapter, rows, size)
    speed(device, adapter, rows, size, operations / rate)
    if device.type == "cuda":
        started = time.perf_counter()
        adapter.compile()
        run(adapter, rows[:size], size, keep_statistics)
        report("seconds to compile", time.perf_counter() - started)
        speed(device, adapter, rows, size, operations / rate)
    once = timed(device, lambda: run(adapter, rows, size, keep_statistics))
    sliced = timed(device, lambda: run(adapter, rows, size, keep_statistics, ["audio", "instruction", "transcript"]))
    report("three slices over one, wanted at most 1.2", sliced / once)
    del held
    few = rows[:: max(1, len(rows) // FEW)]
    theirs = timed(device, lambda: fimmia(adapter, few)) / len(few)
    report("FiMMIA's way, rows a second", 1 / theirs)
    of_stage(device, adapter, rows, size, theirs)
    if device.type == "cuda":
        report("peak memory, GB", torch.cuda.max_memory_allocated() / 1e9)


def speed(device: torch.device, adapter: Qwen2AudioAdapter, rows: list[Query], size: int, floor: float) -> None:
    """Measure the adapter's forward over rows whose features are there; `floor` is the matrix rate's seconds."""
    run(adapter, rows[:size], size, keep_nothing)  # to warm up
    bare = timed(device, lambda: run(adapter, rows, size, keep_nothing))
    whole = timed(device, lambda: run(adapter, rows, size, keep_statistics))
    report("rows a second, features computed ahead", len(rows) / whole)
    report("statistics' share of the time, wanted at most 0.05", max(0.0, 1 - bare / whole))
    report("share of the matrix rate, wanted at least 0.6", floor / whole)


def of_stage(device: torch.device, adapter: Qwen2AudioAdapter, rows: list[Query], size: int, theirs: float) -> None:
    """Measure the stage's work, from FLAC to tables, with given and with generated transcripts."""
    sounding = [
        Sounding(
            PlannedRow(f"{at:06}", f"{at // ROWS:04}", row.audio_hash, row.text, 0, GIVEN, len(row.samples) / RATE),
            FlacSound(encode_flac(row.samples)),
        )
        for at, row in enumerate(rows)
    ]
    heard = {item.row.audio_hash: item for item in sounding}  # neighbours with other text are not generated for
    generated = [replace(item, row=replace(item.row, text=None, condition=GENERATED)) for item in heard.values()]
    seconds = {}
    for condition, items in ((GIVEN, sounding), (GENERATED, sorted(generated, key=lambda item: item.row.neighbour_id))):
        seconds[condition] = timed(device, lambda items=items: stage(adapter, items, size))  # type: ignore[misc]
    report("the stage, rows a second", len(rows) / seconds[GIVEN])
    report("the stage over FiMMIA's way, wanted at least 12", theirs * len(rows) / seconds[GIVEN])
    report("the stage, clips a second", len(rows) / ROWS / seconds[GIVEN])
    report(f"generated over given, {GENERATED_TOKENS} tokens, wanted at most 3", seconds[GENERATED] / seconds[GIVEN])
    report("with both conditions, clips a second", len(rows) / ROWS / sum(seconds.values()))


def stage(adapter: Qwen2AudioAdapter, sounding: Sequence[Sounding], size: int) -> None:
    """Run the stage's work without its row cache."""
    adapter._sounds.clear()
    sounds = {item.row.neighbour_id: item.sound for item in sounding}
    prepared = batches([item.row for item in sounding], size, lambda row: sounds[row.neighbour_id])
    question = ForwardRequest([TRANSCRIBE], SLICES, ORDERS, GENERATED_TOKENS)
    for _ in computed_batches(adapter, prepared, question, size, max(1, len(os.sched_getaffinity(0)) - 2)):
        pass


def build(device: torch.device, tiny: bool) -> Qwen2AudioAdapter:
    """Return the model on its device, drawn there: 7B random numbers take a CPU minutes."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if tiny else torch.bfloat16)
    try:
        with device:
            return qwen2_audio(TINY_AUDIO if tiny else FULL_AUDIO, TINY_TEXT if tiny else FULL_TEXT, 2 if tiny else 30)
    finally:
        torch.set_default_dtype(before)


def keep_statistics(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what the stage keeps of logits."""
    return token_statistics(logits, token_ids, ORDERS)


def keep_nothing(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return one logit a token, so that the head must run."""
    return {"first": logits[:, 0]}


def run(
    adapter: Qwen2AudioAdapter,
    rows: list[Query],
    size: int,
    reduce: Callable[[torch.Tensor, torch.Tensor], dict[str, torch.Tensor]],
    slices: Sequence[str] = SLICES,
) -> list[Reduced]:
    """Run all rows, a batch at a time."""
    return [
        row
        for start in range(0, len(rows), size)
        for row in adapter.reduced(rows[start : start + size], slices, reduce)
    ]


def counted(adapter: Qwen2AudioAdapter, rows: list[Query], size: int) -> float:
    """Return the floating-point operations of the model's multiplications over all rows, padding included."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run(adapter, rows, size, keep_nothing)
    return float(counter.get_total_flops())


def matrix_rate(device: torch.device) -> float:
    """Return the operations a second of one large multiplication, the best of several."""
    size, dtype = (8192, torch.bfloat16) if device.type == "cuda" else (1024, torch.float32)
    one, other = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / min(timed(device, lambda: one @ other) for _ in range(10))


def timed(device: torch.device, way: Callable[[], object]) -> float:
    """Return seconds on the clock, waiting for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    way()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def report(name: str, value: float) -> None:
    """Print a line."""
    print(f"{name}: {value:.4g}", flush=True)


if __name__ == "__main__":
    main()
