"""Run the missing rows through a target, in batches of like length, and reduce each row to its statistics."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from stages.core.audio import decode_flac
from stages.logits.plan import Row
from stages.logits.reduction import embedding_table, token_table
from stages.target.adapter import Adapter, Query

ROWS_SORTED = 1024
"""Rows whose lengths are compared at a time: enough for batches of like length, few enough for bounded memory."""


def batches(
    rows: Sequence[Row], size: int, audio_of: Callable[[Row], bytes]
) -> Iterator[tuple[list[Row], list[bytes]]]:
    """Yield rows in batches of like length, with their audio.

    Within each window of `ROWS_SORTED` rows they are ordered by the size of their audio and by its hash, so that text
    neighbours of one sound fall into one batch, where it is encoded once.
    """
    for start in range(0, len(rows), ROWS_SORTED):
        window = [(row, audio_of(row)) for row in rows[start : start + ROWS_SORTED]]
        window.sort(key=lambda pair: (len(pair[1]), pair[0].audio_hash, len(pair[0].text), pair[0].neighbour_id))
        for first in range(0, len(window), size):
            batch = window[first : first + size]
            yield [row for row, _ in batch], [audio for _, audio in batch]


@dataclass(frozen=True)
class Computed:
    """A batch reduced to what the row cache keeps: a table per slice and the embeddings, one row per query."""

    rows: list[Row]
    tokens: dict[str, pa.Table]
    embeddings: pa.Table


def computed_batches(
    adapter: Adapter,
    prepared: Iterable[tuple[list[Row], list[bytes]]],
    instructions: Sequence[str],
    slices: Sequence[str],
    orders: Sequence[float],
    workers: int,
) -> Iterator[Computed]:
    """Yield each batch's statistics and embeddings, in order, computed by `workers` threads.

    Each thread takes whole batches, from decoding to statistics, with one thread of torch's own: threads that share
    one batch wait for each other at every operation, and stages beside this one make them wait long.
    """

    def compute(batch: tuple[list[Row], list[bytes]]) -> Computed:
        rows, audio = batch
        forced = adapter.forced(
            [
                Query(decode_flac(data), row.audio_hash, instructions[row.instruction], row.text)
                for row, data in zip(rows, audio, strict=True)
            ],
            slices,
        )
        tokens = {slice_: token_table([row.text for row in rows], forced, slice_, orders) for slice_ in slices}
        return Computed(rows, tokens, embedding_table(forced))

    waiting: deque[Future[Computed]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for batch in prepared:
            waiting.append(pool.submit(compute, batch))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
