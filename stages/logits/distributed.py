"""Run batches on the cards of a Dask cluster: one model on each worker that states the resource `gpu`, whole batches.

A worker is started for each card, in a copy of this repository, for example
``CUDA_VISIBLE_DEVICES=0 dask worker HOST:PORT --nthreads 1 --resources gpu=1``. Batches are formed here as without a
cluster, so the rows are those of one process. If a worker dies, Dask gives its batches to another.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from stages.core.config.nouns import Compute
from stages.core.errors import EarwitnessError
from stages.core.run.parallel import dask_client, worker_count
from stages.logits.batching import Sounding
from stages.models.places import is_endpoint
from stages.models.record import TargetRecord

if TYPE_CHECKING:
    from stages.logits.forward import Computed, ForwardRequest
    from stages.models.adapter import Adapter

CARD = "gpu"
"""The Dask resource of a worker that holds a model."""
GROUP = 4
"""Batches that a worker takes at once: the next is prepared while one runs, and little is lost if the worker dies."""
PATIENCE = 60.0
"""Seconds without any such worker after which the stage stops."""


def computed_anywhere(
    record: TargetRecord,
    batches: Iterable[Sequence[Sounding]],
    question: ForwardRequest,
    size: int,
    compute: Compute,
) -> Iterator[Computed]:
    """Yield each batch's statistics and embeddings, in order, from the cluster's cards, or from here without any.

    Parameters are those of `stages.logits.forward.computed_batches`; `batches` may be read twice. A target that is
    served, sharded or spread over several cards runs here.
    """
    on_one_card = record.placement == "one_device" and not is_endpoint(record.model)
    if compute.backend == "dask" and compute.address and on_one_card:
        with dask_client(compute) as client:
            if _cards(client):
                yield from _on_cards(client, record, batches, question, size)
                return
    from stages.logits.forward import computed_batches

    adapter, workers = _loaded(record, question), worker_count(compute)
    adapter.ahead(lambda: deque(computed_batches(adapter, batches, question, size, workers), maxlen=0))
    yield from computed_batches(adapter, batches, question, size, workers)


def _cards(client: Any) -> int:
    """Return how many workers of a cluster have a card."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return sum(worker.get("resources", {}).get(CARD, 0) >= 1 for worker in workers)


def _on_cards(
    client: Any,
    record: TargetRecord,
    batches: Iterable[Sequence[Sounding]],
    question: ForwardRequest,
    size: int,
) -> Iterator[Computed]:
    waiting: deque[Any] = deque()
    groups = iter(batches)
    while group := list(islice(groups, GROUP)):
        waiting.append(client.submit(compute_group, record, group, question, size, resources={CARD: 1}, pure=False))
        if len(waiting) > 2 * max(_cards(client), 1):
            yield from _result(client, waiting.popleft())
    while waiting:
        yield from _result(client, waiting.popleft())


def _result(client: Any, future: Any) -> list[Computed]:
    """Wait for a group; stop if no worker is left that could compute it, or if it killed several workers."""
    from dask.distributed import KilledWorker
    from dask.distributed import TimeoutError as StillRunning

    last = time.monotonic()
    while True:
        try:
            found: list[Computed] = future.result(timeout=1)
        except StillRunning:
            last = time.monotonic() if _cards(client) else last
            if time.monotonic() - last > PATIENCE:
                raise EarwitnessError(
                    f"params.yaml: compute: no Dask worker with the resource {CARD!r} is left: start one, and run the "
                    "stage again; what is computed so far is kept"
                ) from None
            continue
        except KilledWorker as error:
            raise EarwitnessError(
                f"params.yaml: compute: the same batches ended several Dask workers ({str(error).splitlines()[0]}): "
                "see their logs, or lower logits.batch_size"
            ) from error
        return found


def compute_group(
    record: TargetRecord, batches: Sequence[Sequence[Sounding]], question: ForwardRequest, size: int
) -> list[Computed]:
    """Run batches with the model that this worker holds; load it first if it holds none or another."""
    import torch

    from stages.logits.forward import computed_batches

    torch.set_num_threads(1)
    return list(computed_batches(_held(record, question), batches, question, size, 1))


_loading = Lock()
_adapters: dict[str, Adapter] = {}


def _loaded(record: TargetRecord, question: ForwardRequest) -> Adapter:
    """Load a target, and compile it if that is asked for and a card holds it whole."""
    import torch

    from stages.models.loading import load_adapter
    from stages.models.placement import is_spread

    adapter = load_adapter(record)
    wanted = question.compile and torch.cuda.is_available() and not is_spread(adapter.model)
    if wanted and not adapter.compile():
        print(f"{record.name}: its layers cannot be compiled here; they run as they are", flush=True)
    return adapter


def _held(record: TargetRecord, question: ForwardRequest) -> Adapter:
    """Return this process's model of a target; a worker's card holds one at a time."""
    name = record.model_dump_json()
    with _loading:
        if name not in _adapters:
            _adapters.clear()
            _adapters[name] = _loaded(record, question)
        return _adapters[name]
