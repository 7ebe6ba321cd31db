"""Measure each family's work on rows: ``python -m tests.benchmarks.families [--tiny]``, about four minutes on one core.

The models are those of the tests, eight times as wide and without training. The figures are processor time (user and
system), the best of several turns. The stage's way encodes each distinct sound once and reduces logits to statistics;
the bare way is the model's own forward in batches of one length. Features are ready for both, as another thread
computes them ahead; their cost stands in a line of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from stages.core.sound.audio import audio_hash
from stages.logits.statistics import token_statistics
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.families.batched import BatchedAdapter
from stages.models.families.composed import ComposedAdapter
from stages.models.forward.inputs import together
from stages.models.forward.rows import padded
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.benchmarks.corpora import LAB, clip
from tests.benchmarks.logits import best_of, report
from tests.stages.models import families, sound_families
from tests.stages.models.sound_families import EVERY

BATCH = 32
WIDTH = 256


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a family."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.families")
    parser.add_argument("--tiny", action="store_true", help="two families and few clips, to see that it runs")
    parser.add_argument("names", nargs="*", metavar="MODEL_TYPE", help="only these")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if not asked.tiny:
        widen()
    for name in asked.names or (["audioflamingo3", "granite_speech"] if asked.tiny else EVERY):
        with TemporaryDirectory() as folder:
            EVERY[name](Path(folder))
            adapter = load_checkpoint(folder, LoadOptions())
            if isinstance(adapter, BatchedAdapter) and not isinstance(adapter, ComposedAdapter):
                family(name, adapter, rows_of(1 if asked.tiny else 16), 1 if asked.tiny else 3)


def widen() -> None:
    """Build wider models: in those of the tests, what Python does for a row costs as much as its arithmetic."""
    families.WIDTH = sound_families.WIDTH = WIDTH
    families.SIZES.update(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_attention_heads=WIDTH // 16)


def rows_of(clips: int) -> list[Query]:
    """Return the rows of clips of two seconds each."""
    made = [row for number in range(clips) for row in clip(number, 2.0, 6, LAB)]
    return [Query(samples, audio_hash(samples), TRANSCRIBE, text) for _, samples, text in made]


def family(name: str, adapter: BatchedAdapter, rows: Sequence[Query], turns: int) -> None:
    """Compare the two ways."""
    ordered = sorted(rows, key=lambda query: len(query.text))
    parts = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]

    def stage() -> None:
        for start in range(0, len(rows), BATCH):
            adapter.reduced(rows[start : start + BATCH], ["transcript"], token_statistics)

    kept = adapter.prepare(rows)
    ready = [plain_rows(adapter, part) for part in parts]

    @torch.inference_mode()
    def bare() -> None:
        for batch in ready:
            adapter.model(**batch)

    def features() -> None:
        adapter._inputs.clear()
        adapter.prepare(rows)

    whole, forward, extraction = best_of(turns, stage, bare, features)
    report(f"{name}: stage over a bare batched forward, {len(rows)} rows", whole / forward, "at most 1.25")
    report(f"{name}: features over that forward", extraction / forward, "")
    del kept


def plain_rows(adapter: BatchedAdapter, rows: Sequence[Query]) -> dict[str, torch.Tensor]:
    """Return the arguments of the model's own forward for a batch, padded on the right."""
    sounds = adapter._inputs.get(rows)
    heard = adapter.hear(rows)
    made = [adapter._row(row, heard[row.audio_hash]) for row in rows]
    ids, mask = padded(made, adapter._end)
    return {"input_ids": ids, "attention_mask": mask, **together(sounds)}


if __name__ == "__main__":
    main()
