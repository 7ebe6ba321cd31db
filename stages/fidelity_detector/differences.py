"""Fidelity features: each neighbour's statistics and embeddings less those of its original.

FiMMIA (arXiv 2512.02786, section 3) takes the difference of the loss and of an outside embedder's vectors. Here the
target's own statistics and pooled embeddings serve, so that no other model is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Vectors = dict[str, NDArray[np.float64]]

STATISTICS = ("logprob", "mean_logprob", "var_logprob", "renyi_0.5", "modified_entropy", "gap", "hit")
EMBEDDINGS = ("encoder", "hidden")
FEATURES = (*(f"delta_{name}" for name in STATISTICS), *(f"distance_{name}" for name in EMBEDDINGS))
"""Names of a neighbour's features, in order."""


@dataclass(frozen=True)
class Neighbourhood:
    """Where each neighbour belongs.

    Attributes
    ----------
    original : dict of str to str
        From clip_id to the neighbour_id of its original.
    neighbours : dict of str to dict of str to str
        From clip_id to its neighbours: from ``perturbation/index`` to neighbour_id.
    """

    original: dict[str, str]
    neighbours: dict[str, dict[str, str]]

    @classmethod
    def of(cls, table: pa.Table) -> Neighbourhood:
        """Read the ids of `neighbours.parquet`."""
        original: dict[str, str] = {}
        neighbours: dict[str, dict[str, str]] = {}
        for row in table.select(["neighbour_id", "clip_id", "kind"]).to_pylist():
            clip_id, neighbour_id = row["clip_id"], row["neighbour_id"]
            if row["kind"] == "original":
                original[clip_id] = neighbour_id
            else:
                neighbours.setdefault(clip_id, {})[neighbour_id.removeprefix(f"{clip_id}/")] = neighbour_id
        return cls(original, neighbours)

    def names(self) -> list[str]:
        """Return every ``perturbation/index`` that any clip has, sorted."""
        return sorted({name for own in self.neighbours.values() for name in own})


def summaries(
    tokens: Iterable[pa.Table], embeddings: Iterable[pa.Table], role: str
) -> tuple[Vectors, dict[str, dict[str, NDArray[np.float64]]]]:
    """Reduce the tables to what the differences need, by neighbour_id.

    Returns
    -------
    means : dict of str to float64[len(STATISTICS)]
        Means over the given transcript's tokens under the first instruction.
    pooled : dict of str to dict of str to float64[width]
        The pooled embeddings of `EMBEDDINGS`.
    """
    means: Vectors = {}
    for table in tokens:
        rows = _first_view(table, role, {"slice": "transcript"})
        columns = [_row_means(rows[name]) for name in STATISTICS]
        means |= dict(zip(rows["neighbour_id"].to_pylist(), np.stack(columns, axis=1), strict=True))
    pooled: dict[str, dict[str, NDArray[np.float64]]] = {}
    for table in embeddings:
        for row in _first_view(table, role, {}).to_pylist():
            pooled[row["neighbour_id"]] = {name: np.asarray(row[name], np.float64) for name in EMBEDDINGS}
    return means, pooled


def differences(
    clip_ids: Sequence[str],
    names: Sequence[str],
    where: Neighbourhood,
    means: Vectors,
    pooled: dict[str, dict[str, NDArray[np.float64]]],
) -> NDArray[np.float64]:
    """Return the fidelity features, float64[clips, neighbours, features].

    A neighbour that a clip lacks (a text too short to swap words in) gives zeros: no difference. So does a statistic or
    an embedding that the target does not tell.
    """
    values = np.zeros((len(clip_ids), len(names), len(FEATURES)))
    for row, clip_id in enumerate(clip_ids):
        original = where.original[clip_id]
        for column, name in enumerate(names):
            neighbour = where.neighbours.get(clip_id, {}).get(name)
            if neighbour is not None:
                distances = [_distance(pooled[neighbour][kind], pooled[original][kind]) for kind in EMBEDDINGS]
                values[row, column] = [*np.nan_to_num(means[neighbour] - means[original]), *distances]
    return values


def _first_view(table: pa.Table, role: str, wanted: dict[str, str]) -> pa.Table:
    """Return the rows of one role under the given transcript and the first instruction."""
    conditions = {"role": role, "condition": "given", "instruction": 0, **wanted}
    keep = np.ones(table.num_rows, dtype=bool)
    for name, value in conditions.items():
        keep &= np.asarray([found == value for found in table[name].to_pylist()], dtype=bool)
    return table.filter(pa.array(keep))


def _row_means(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the mean of each list of a column; NaN for one that is empty or null."""
    array: Any = column.combine_chunks()
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    lists = np.repeat(np.arange(len(lengths)), lengths)
    totals = np.bincount(lists, array.flatten().to_numpy(zero_copy_only=False), len(lengths))
    return np.asarray(np.divide(totals, lengths, out=np.full(len(lengths), np.nan), where=lengths > 0))


def _distance(neighbour: NDArray[np.float64], original: NDArray[np.float64]) -> float:
    """Return the relative distance of two vectors; 0 where the original is zero."""
    scale = float(np.linalg.norm(original))
    return float(np.linalg.norm(neighbour - original)) / scale if scale else 0.0
