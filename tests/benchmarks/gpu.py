"""Measure the logit cache's forward on a GPU: ``python -m tests.benchmarks.gpu`` (under 8 minutes).

The model is Qwen2-Audio at its full size of 7B in bfloat16, with random weights from its config. With ``--tiny`` it is
a small model, on any device. The output: clips per second, the share of the card's matrix rate that the model's
multiplications reach, and the statistics' share of the time. A clip has 25 rows, as in FiMMIA: the original,
6 neighbours with other audio and 18 with other text.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import torch

from stages.logits.forward import ForwardRequest
from stages.logits.statistics import ORDERS, token_statistics
from stages.models.adapter import TRANSCRIBE, Query, Reduced
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
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
QUESTION = ForwardRequest([TRANSCRIBE], ["transcript"], ORDERS, 128)
ROWS = 25
SECONDS, TINY_SECONDS = 10.0, 1.0
WORDS = 8


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu")
    parser.add_argument("--tiny", action="store_true", help="a small model, on any device, to see that it runs")
    parser.add_argument("--clips", type=int, help="32, and 1 if tiny")
    parser.add_argument("--batch", type=int, default=8, help="clips that run together")
    asked = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not asked.tiny:
        raise SystemExit("no GPU: use --tiny to see that it runs")
    adapter = build(device, asked.tiny)
    clips = asked.clips or (1 if asked.tiny else 32)
    rows = queries(clips, TINY_SECONDS if asked.tiny else SECONDS, WORDS, FIMMIA)
    size = asked.batch * ROWS
    held = adapter.prepare(rows)
    report("parameters", sum(weight.numel() for weight in adapter.model.parameters()))
    reached = matrix_rate(device)
    report("matrix rate of the card, in this dtype, TFLOP/s", reached / 1e12)
    run(adapter, rows[:size], size, keep_nothing)  # to warm up
    bare = timed(device, lambda: run(adapter, rows, size, keep_nothing))
    whole = timed(device, lambda: run(adapter, rows, size, keep_statistics))
    report("clips a second, features computed ahead", clips / whole)
    report("rows a second", len(rows) / whole)
    report("statistics' share of the time, wanted at most 0.05", max(0.0, 1 - bare / whole))
    operations = counted(adapter, rows, size)
    report("share of the matrix rate, wanted at least 0.4", operations / whole / reached)
    del held  # the features were there all the while
    if device.type == "cuda":
        report("peak memory, GB", torch.cuda.max_memory_allocated() / 1e9)


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
    return token_statistics(logits, token_ids, QUESTION.orders)


def keep_nothing(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return one logit a token, so that the head must run."""
    return {"first": logits[:, 0]}


def run(
    adapter: Qwen2AudioAdapter,
    rows: list[Query],
    size: int,
    reduce: Callable[[torch.Tensor, torch.Tensor], dict[str, torch.Tensor]],
) -> list[Reduced]:
    """Run all rows, a batch at a time."""
    return [
        row
        for start in range(0, len(rows), size)
        for row in adapter.reduced(rows[start : start + size], QUESTION.slices, reduce)
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
