"""How many rows fit: a batch that runs out of memory is halved, and so are those after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from stages.core.errors import EarwitnessError

Item = TypeVar("Item")
Result = TypeVar("Result")


class RowLimit:
    """The largest number of rows that has not run out of memory yet; shared by the threads of one target."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def run(self, function: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what `function` makes of `items`, in as many parts as memory needs.

        Raises
        ------
        EarwitnessError
            If one item alone does not fit.
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
            # Outside the handler, whose traceback holds the tensors of the attempt.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def _out_of_memory(error: MemoryError | RuntimeError) -> bool:
    # On a CPU, torch says so only in words.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
