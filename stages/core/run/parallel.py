"""Work on many items at once: joblib's loky workers on one machine, or the same calls on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import joblib

from stages.core.config.nouns import Compute
from stages.core.errors import EarwitnessError

Item = TypeVar("Item")
Result = TypeVar("Result")


WORKERS = "EARWITNESS_WORKERS"
"""Environment variable: how many workers each of the stages that run side by side may start. The flow sets it."""


def worker_count(compute: Compute) -> int:
    """Return how many workers to start: as many as `compute` says, or one a core, at most what the flow allows."""
    asked = compute.workers or len(os.sched_getaffinity(0))
    return min(asked, int(os.environ.get(WORKERS, asked)))


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], compute: Compute) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order, computed by parallel workers as they are asked for.

    Parameters
    ----------
    function : callable
        Picklable. Its value must depend on its item alone: then the number of workers changes nothing.
    items : iterable
        Consumed lazily, a bounded number ahead of the results.
    compute : Compute
        Backend, workers and, for Dask, the scheduler's address.
    """
    if compute.backend == "loky" and worker_count(compute) == 1:
        yield from map(function, items)
        return
    with joblib.parallel_config(**_backend(compute)):
        # The default of 2 x n_jobs items ahead bounds memory; results come in the order of the items.
        yield from joblib.Parallel(return_as="generator")(joblib.delayed(function)(item) for item in items)


def dask_client(compute: Compute) -> Any:
    """Return a client of the Dask scheduler; it becomes the default client, which joblib's Dask backend uses.

    Raises
    ------
    EarwitnessError
        If Dask is missing or no scheduler answers.
    """
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise EarwitnessError(
            "params.yaml: compute.backend is 'dask' but dask.distributed is missing: pip install -e '.[dask]'"
        ) from error
    try:
        return Client(compute.address)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise EarwitnessError(
            f"params.yaml: compute.address: no Dask scheduler answers at {compute.address!r}: start one or correct it"
        ) from error


def _backend(compute: Compute) -> dict[str, object]:
    if compute.backend == "loky":
        return {"backend": "loky", "n_jobs": worker_count(compute)}
    dask_client(compute)
    return {"backend": "dask", "n_jobs": -1}
