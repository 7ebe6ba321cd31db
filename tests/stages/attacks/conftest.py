"""Token statistics and sheets to score."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.attacks.ragged import offsets_of
from stages.attacks.registry import Around, Columns, Sheet
from stages.attacks.rows import Rows

MakeSheet = Callable[..., Sheet]


def statistics_of(logprob: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return every statistic for given log-probabilities; entropies rise from 0.5 to 2 along the row."""
    tokens = len(logprob)
    entropy = np.linspace(0.5, 2.0, tokens)
    return {
        "logprob": logprob,
        "rank": np.ones(tokens),
        "mean_logprob": np.full(tokens, -2.0),
        "var_logprob": np.full(tokens, 4.0),
        **{f"renyi_{order}": entropy for order in ("0.5", "1", "2", "inf")},
        "modified_entropy": np.full(tokens, 0.25),
        "modified_renyi_0.5": np.full(tokens, 0.5),
        "modified_renyi_2": np.full(tokens, 0.75),
        "gap": np.resize(np.array([1.0, 2.0, 3.0, 6.0]), tokens),
        "hit": np.ones(tokens),
    }


@pytest.fixture
def statistics() -> Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    return statistics_of


@pytest.fixture
def sheet() -> MakeSheet:
    """Make a sheet of rows of log-probabilities, which tokens the target hits, and what else an attack reads."""

    def make(
        logprob: list[list[float]],
        hit: list[list[float]] | None = None,
        token_ids: list[list[int]] | None = None,
        columns: Columns | None = None,
        around: list[tuple[int, str, float]] | None = None,
        distance: list[float] | None = None,
        probes: Columns | None = None,
        indicators: NDArray[np.float64] | None = None,
    ) -> Sheet:
        ids = token_ids or [list(range(len(row))) for row in logprob]
        rows = Rows(
            {"logprob": np.concatenate(logprob), "hit": np.concatenate(hit or [[1.0] * len(row) for row in logprob])},
            offsets_of(np.array([len(row) for row in logprob])),
            ["abc"] * len(logprob),
            np.concatenate(ids).astype(np.int64),
        )
        near = around or []
        neighbours = Around(
            np.array([clip for clip, _, _ in near], np.intp),
            [name for _, name, _ in near],
            np.array([level for _, _, level in near], np.float64),
            np.array(distance or [np.nan] * len(near), np.float64),
        )
        table = np.zeros((len(logprob), 0)) if indicators is None else indicators
        return Sheet(rows, columns or {}, table, neighbours, probes or {})

    return make
