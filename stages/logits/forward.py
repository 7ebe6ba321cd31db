"""Run the missing rows through a target and reduce each row to its statistics."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import pyarrow as pa
import torch

from stages.core.schemas.failures import NO_LOGPROBS, OWN_ONLY
from stages.core.sound.audio import Samples
from stages.logits.batching import Sounding
from stages.logits.memory import RowLimit
from stages.logits.plan import GENERATED, PlannedRow
from stages.logits.reduction import embedding_table, token_table
from stages.logits.statistics import token_statistics
from stages.models.adapter import Adapter, Query, Reduce, Reduced
from stages.models.placement import threads

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Computed:
    """A batch in the form that the row cache keeps: a table per slice and the embeddings, one row per query."""

    rows: Sequence[PlannedRow]
    tokens: dict[str, pa.Table]
    embeddings: pa.Table


@dataclass(frozen=True)
class ForwardRequest:
    """The settings of the forward for every row, from `params.yaml: logits`."""

    instructions: Sequence[str]
    slices: Sequence[str]
    orders: Sequence[float]
    generated_tokens: int
    compile: bool = False


@dataclass(frozen=True)
class _Prepared:
    """A batch with decoded sounds, and the object from `Adapter.prepare`, kept until the forward has run."""

    asked: list[tuple[PlannedRow, Query]]
    held: object


def computed_batches(
    adapter: Adapter, batches: Iterable[Sequence[Sounding]], question: ForwardRequest, size: int, workers: int
) -> Iterator[Computed]:
    """Yield each batch's statistics and embeddings, in order.

    `workers` threads make and decode sounds ahead of the model. On a CPU, as many threads run the model, each on whole
    batches with one torch thread. Threads that share a batch would wait for each other at every operation, and other
    stages that run at the same time make these waits long. A GPU has two batches: while one is computed, the
    results of the one before are fetched and the next is started. A model that is spread has one.

    Parameters
    ----------
    adapter : Adapter
    batches : iterable of sequence of Sounding
    question : ForwardRequest
    size : int
        Largest number of rows that run together at first; halved when memory runs out.
    workers : int
    """
    limit = RowLimit(size)

    def prepare(batch: Sequence[Sounding]) -> _Prepared:
        asked = _queries(batch, question)
        return _Prepared(asked, adapter.prepare([query for _, query in asked]))

    def compute(batch: _Prepared) -> list[Computed]:
        return list(limit.run(lambda part: _computed(adapter, part, question), batch.asked))

    runners = threads(adapter.model, workers)
    with ThreadPoolExecutor(workers) as decoders, ThreadPoolExecutor(runners) as models:
        for parts in _ahead(models, compute, _ahead(decoders, prepare, batches, workers), runners):
            yield from parts


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Iterator[Result]:
    """Yield ``function(item)`` in order, while `count` further items are being computed."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > count:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _queries(batch: Sequence[Sounding], question: ForwardRequest) -> list[tuple[PlannedRow, Query]]:
    samples: dict[str, Samples] = {}
    for sounding in batch:
        if sounding.row.audio_hash not in samples:
            samples[sounding.row.audio_hash] = sounding.sound.samples()
    return [
        (row, Query(samples[row.audio_hash], row.audio_hash, question.instructions[row.instruction], row.text or ""))
        for row in (sounding.row for sounding in batch)
    ]


def _computed(adapter: Adapter, batch: Sequence[tuple[PlannedRow, Query]], question: ForwardRequest) -> Computed:
    """Run a batch whose rows have one transcript source."""
    rows, queries = [row for row, _ in batch], [query for _, query in batch]
    reduce = partial(token_statistics, orders=question.orders)
    if rows[0].condition == GENERATED:
        texts, found = adapter.answered(queries, question.slices, reduce, question.generated_tokens)
    else:
        texts = [query.text for query in queries]
        found = _given(adapter, queries, question.slices, reduce)
    tokens = {name: token_table(texts, found, name, question.orders) for name in question.slices}
    return Computed(rows, tokens, embedding_table(found))


def _given(adapter: Adapter, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
    """Score given texts; a target that scores only its own answers scores none.

    This holds even if a given text equals the answer: otherwise clips would be selected by how well the target knows
    them.
    """
    if adapter.forces:
        return adapter.reduced(queries, slices, reduce)
    none, reason = torch.empty(0), OWN_ONLY if adapter.scores else NO_LOGPROBS
    return [
        Reduced({name: none.long() for name in slices}, {name: {} for name in slices}, none, none, 0.0, reason)
        for _ in queries
    ]
