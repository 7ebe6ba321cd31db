"""Halving a batch that does not fit: our own logic, so the memory is a number."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.logits.memory import RowLimit


class Model:
    """Holds so many rows, and runs out of memory beyond."""

    def __init__(self, holds: int, error: Exception) -> None:
        self.holds, self.error, self.tried = holds, error, list[int]()

    def __call__(self, rows: Sequence[int]) -> list[int]:
        self.tried.append(len(rows))
        if len(rows) > self.holds:
            raise self.error
        return list(rows)


ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_batch_is_halved_until_it_fits_and_stays_so(error: Exception) -> None:
    model, limit = Model(3, error), RowLimit(16)
    parts = [*limit.run(model, range(10)), *limit.run(model, range(10, 14))]
    assert [row for part in parts for row in part] == list(range(14))
    assert model.tried == [10, 5, 2, 2, 2, 2, 2, 2, 2]
    assert limit.rows == 2


def test_a_row_that_does_not_fit_alone_is_said() -> None:
    with pytest.raises(EarwitnessError, match="a single row does not fit in memory"):
        list(RowLimit(8).run(Model(0, MemoryError()), range(4)))


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        list(RowLimit(8).run(Model(0, RuntimeError("shape mismatch")), range(4)))
