"""Limit the rows of a batch: when a batch runs out of memory, it and all later ones are halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from stages.core.errors import EarwitnessError

Item = TypeVar("Item")
Result = TypeVar("Result")


class RowLimit:
    """The number of rows that run together, halved when memory runs out; shared by the threads of one target."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def run(self, function: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield the results of `function` for `items`, split into as many parts as memory requires.

        Raises
        ------
        EarwitnessError
            If a single item does not fit.
        """
        done = 0
        while done < len(items):
            part = items[done : done + self.rows]
            try:
                result = function(part)
            except (MemoryError, RuntimeError) as error:
                if not _out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise EarwitnessError(
                        "logits: a single row does not fit in memory: use a smaller dtype, or leave out long clips "
                        "(corpus.max_seconds)"
                    ) from error
                self.rows = min(self.rows, len(part) // 2)
            else:
                done += len(part)
                yield result
                continue
            # Outside the handler, because its traceback keeps the failed attempt's tensors in memory.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def _out_of_memory(error: MemoryError | RuntimeError) -> bool:
    # On a CPU, torch raises a plain RuntimeError, known only by its message.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
