"""Work in order, by one worker or several."""

import operator
from collections.abc import Iterator
from functools import partial
from itertools import islice

import pytest

from stages.core.config.nouns import Compute
from stages.core.run.parallel import ordered_map, worker_count

ONE = Compute(backend="loky", workers=1, address=None)
TWO = Compute(backend="loky", workers=2, address=None)


@pytest.mark.parametrize("compute", [ONE, TWO])
def test_results_come_in_order_whatever_the_workers(compute: Compute) -> None:
    assert list(ordered_map(partial(operator.mul, 3), range(50), compute)) == list(range(0, 150, 3))


def test_items_are_taken_as_results_are_asked_for() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    assert list(islice(ordered_map(operator.neg, items(), ONE), 3)) == [0, -1, -2]
    assert len(taken) == 3


def test_workers_are_as_many_as_asked_for_or_all_cores() -> None:
    assert worker_count(TWO) == 2
    assert worker_count(Compute(backend="loky", workers=None, address=None)) >= 1
