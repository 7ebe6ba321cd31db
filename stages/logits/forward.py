"""Run the missing rows through a target, in batches of like length, and reduce each row to its statistics."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import torch

from stages.core.artifacts import SCHEMAS, tokens_schema
from stages.core.audio import decode_flac
from stages.logits.plan import Row
from stages.logits.statistics import statistic_names, token_statistics
from stages.target.adapter import Adapter, Forced, Query

ROW_IDS = ("neighbour_id", "role", "instruction", "condition", "slice")

ROWS_SORTED = 1024
"""Rows whose lengths are compared at a time: enough for batches of like length, few enough for bounded memory."""


def token_row_schema(orders: Sequence[float]) -> pa.Schema:
    """Return what the row cache keeps of a slice: `tokens.parquet` without the ids."""
    schema = tokens_schema(statistic_names(orders))
    return pa.schema([field for field in schema if field.name not in ROW_IDS])


def embedding_row_schema() -> pa.Schema:
    """Return what the row cache keeps of a row's embeddings."""
    return pa.schema([field for field in SCHEMAS["embeddings"] if field.name not in ROW_IDS])


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
        tokens = {slice_: token_table(rows, forced, slice_, orders) for slice_ in slices}
        return Computed(rows, tokens, embedding_table(forced))

    waiting: deque[Future[Computed]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for batch in prepared:
            waiting.append(pool.submit(compute, batch))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def token_table(rows: Sequence[Row], forced: Sequence[Forced], slice_: str, orders: Sequence[float]) -> pa.Table:
    """Reduce one slice of a batch to its statistics: one row per query, in order."""
    lengths = [len(result.token_ids[slice_]) for result in forced]
    ids = torch.cat([result.token_ids[slice_] for result in forced])
    logits = torch.cat([result.logits[slice_] for result in forced])
    statistics = token_statistics(logits, ids, orders)
    offsets = pa.array([0, *torch.tensor(lengths).cumsum(0).tolist()], pa.int32())
    columns = {
        "seconds_cut": pa.array([result.seconds_cut for result in forced], pa.float32()),
        "text": pa.array([row.text for row in rows]),
        "token_ids": pa.ListArray.from_arrays(offsets, pa.array(ids.numpy(), pa.int32())),
    }
    for name, values in statistics.items():
        columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values.numpy(), pa.float32()))
    return pa.table(columns, schema=token_row_schema(orders))


def embedding_table(forced: Sequence[Forced]) -> pa.Table:
    """Return a batch's pooled embeddings, rounded to float16."""
    kind = pa.list_(pa.float16())
    return pa.table(
        {
            "encoder": pa.array([result.encoder.half().numpy() for result in forced], kind),
            "hidden": pa.array([result.hidden.half().numpy() for result in forced], kind),
        },
        schema=embedding_row_schema(),
    )
