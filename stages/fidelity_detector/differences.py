"""Fidelity features: differences between the statistics and embeddings of each neighbour and of its original.

FiMMIA (arXiv 2512.02786, section 3) uses the differences of the loss and of an outside embedder's vectors. This module
uses the target's own statistics and pooled embeddings, and the vectors of an outside embedder if params name one. The
features of vectors are distances, which are comparable between targets of any width.

Tables are read once, row by row. The rows of a clip are dropped when its differences are computed, so that memory does
not grow with the corpus where a clip's rows stand together, as they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from sys import intern
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STATISTICS = ("logprob", "mean_logprob", "var_logprob", "renyi_0.5", "modified_entropy", "gap", "hit")
EMBEDDINGS = ("encoder", "hidden")
ROWS_AT_ONCE = 4096
OUTSIDE = "outside"
"""Name of the outside embedder's vectors."""


@dataclass(frozen=True)
class TokenSummary:
    """A role's token statistics of one neighbour, with the given transcript and the first instruction.

    Attributes
    ----------
    means : float64[len(STATISTICS)]
        Means over the transcript's tokens; NaN for an unknown statistic.
    logprob : float64[T]
        Log-probability of each token.
    token_ids : bytes
        The tokens. Token-wise changes are defined only between equal token sequences.
    """

    means: Floats
    logprob: Floats
    token_ids: bytes


Vectors = dict[str, Floats]
"""A neighbour's vectors by the embedding's name."""
Value = TypeVar("Value")


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of each clip, by id.

    Attributes
    ----------
    original : dict of str to str
        From clip_id to the neighbour_id of its original.
    neighbours : dict of str to dict of str to str
        From clip_id to its neighbours, these from ``perturbation/index`` to neighbour_id.
    kind : dict of str to str
        From each perturbation to its kind: ``audio``, ``text`` or ``pairing``.
    """

    original: dict[str, str]
    neighbours: dict[str, dict[str, str]]
    kind: dict[str, str]

    @classmethod
    def of(cls, table: pa.Table, kinds: Collection[str]) -> Neighbourhood:
        """Read the ids of `neighbours.parquet`: originals, and neighbours of the given kinds."""
        original: dict[str, str] = {}
        neighbours: dict[str, dict[str, str]] = {}
        kind: dict[str, str] = {}
        for batch in table.select(["neighbour_id", "clip_id", "kind", "perturbation"]).to_batches(ROWS_AT_ONCE):
            for neighbour_id, clip_id, of_kind, perturbation in zip(*batch.to_pydict().values(), strict=True):
                if of_kind == "original":
                    original[clip_id] = neighbour_id
                elif of_kind in kinds:
                    name = intern(neighbour_id.removeprefix(f"{clip_id}/"))
                    neighbours.setdefault(clip_id, {})[name] = neighbour_id
                    kind[perturbation] = of_kind
        return cls(original, neighbours, kind)

    def owners(self) -> tuple[dict[str, str], Counter[str]]:
        """Return the clip of each original and neighbour, and their number by clip."""
        found = {neighbour_id: clip_id for clip_id, neighbour_id in self.original.items()}
        found |= {neighbour_id: clip_id for clip_id, own in self.neighbours.items() for neighbour_id in own.values()}
        return found, Counter(found.values())

    def names(self) -> list[str]:
        """Return every ``perturbation/index`` that any clip has, sorted."""
        return sorted({name for own in self.neighbours.values() for name in own})


def feature_names(embeddings: Sequence[str] = EMBEDDINGS) -> list[str]:
    """Return the names of a neighbour's features, in order."""
    of_tokens = ["delta_lowest_logprob", "delta_spread_logprob", "change_logprob", "change_spread_logprob"]
    of_vectors = [f"{part}_{name}" for name in embeddings for part in ("distance", "growth")]
    return [*(f"delta_{name}" for name in STATISTICS), *of_tokens, *of_vectors]


def read_tokens(tables: Iterable[pa.Table], role: str) -> Iterator[tuple[str, TokenSummary]]:
    """Reduce `tokens.parquet` to the statistics that the differences need, with the neighbour_id."""
    for table in tables:
        rows = _first_view(table, role, {"slice": "transcript"})
        if not rows.num_rows:
            continue
        means = np.stack([_row_means(rows[name]) for name in STATISTICS], axis=1)
        logprob, token_ids = _lists(rows["logprob"]), _lists(rows["token_ids"])
        for place, neighbour_id in enumerate(rows["neighbour_id"].to_pylist()):
            ids = token_ids[place].astype(np.int32).tobytes()
            yield neighbour_id, TokenSummary(means[place], logprob[place].astype(np.float64), ids)


def read_embeddings(tables: Iterable[pa.Table], role: str) -> Iterator[tuple[str, Vectors]]:
    """Reduce `embeddings.parquet` to the vectors of `EMBEDDINGS`, with the neighbour_id."""
    for table in tables:
        rows = _first_view(table, role, {})
        columns = {name: _lists(rows[name]) for name in EMBEDDINGS}
        for place, neighbour_id in enumerate(rows["neighbour_id"].to_pylist()):
            yield neighbour_id, {name: vectors[place].astype(np.float64) for name, vectors in columns.items()}


def differences(
    clip_ids: Sequence[str],
    where: Neighbourhood,
    tokens: Iterable[tuple[str, TokenSummary]],
    vectors: Mapping[tuple[str, ...], Iterable[tuple[str, Vectors]]],
) -> Floats:
    """Return the fidelity features, float64[clips, neighbours, features], finite.

    A difference that cannot be computed is zero: for a neighbour that a clip lacks, for a statistic that an endpoint
    does not report, and for token-wise changes if the text differs.

    Parameters
    ----------
    clip_ids : sequence of str
    where : Neighbourhood
    tokens, vectors : iterable of (str, TokenSummary or Vectors)
        With each neighbour_id once; `vectors` by the names of the embeddings that the rows hold.
    """
    scored, of_tokens = _filled(clip_ids, where, tokens, len(feature_names(())), _token_features)
    parts = [of_tokens]
    for names, rows in vectors.items():
        parts.append(_filled(clip_ids, where, rows, 2 * len(names), partial(_vector_features, embeddings=names))[1])
    values = np.concatenate(parts, axis=2)
    values[~scored] = 0.0
    return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _filled(
    clip_ids: Sequence[str],
    where: Neighbourhood,
    rows: Iterable[tuple[str, Value]],
    width: int,
    features_of: Callable[[Value, Value], list[float]],
) -> tuple[NDArray[np.bool_], Floats]:
    """Return which neighbours have a row, as their originals have, and their features; 0 for the others."""
    names = where.names()
    place = {clip_id: row for row, clip_id in enumerate(clip_ids)}
    there = np.zeros((len(clip_ids), len(names)), np.bool_)
    values = np.zeros((len(clip_ids), len(names), width))
    for clip_id, held in _by_clip(rows, where):
        original, own = held.get(where.original[clip_id]), where.neighbours.get(clip_id, {})
        for column, name in enumerate(names):
            neighbour = held.get(own.get(name, ""))
            if neighbour is not None and original is not None:
                there[place[clip_id], column] = True
                values[place[clip_id], column] = features_of(neighbour, original)
    return there, values


def _by_clip(rows: Iterable[tuple[str, Value]], where: Neighbourhood) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield each clip with its rows by neighbour_id, as soon as all are there, or at the end."""
    owner, counts = where.owners()
    waiting: dict[str, dict[str, Value]] = {}
    for neighbour_id, value in rows:
        if (clip_id := owner.get(neighbour_id)) is not None:
            held = waiting.setdefault(clip_id, {})
            held[neighbour_id] = value
            if len(held) == counts[clip_id]:
                yield clip_id, waiting.pop(clip_id)
    yield from waiting.items()


def _token_features(neighbour: TokenSummary, original: TokenSummary) -> list[float]:
    new, old = neighbour.logprob, original.logprob
    if not len(new) or not len(old):
        return [*(neighbour.means - original.means), 0.0, 0.0, 0.0, 0.0]
    spread = [float(new.min() - old.min()), float(new.std() - old.std())]
    if neighbour.token_ids != original.token_ids or len(new) != len(old):
        return [*(neighbour.means - original.means), *spread, 0.0, 0.0]
    change = new - old
    return [*(neighbour.means - original.means), *spread, float(np.abs(change).mean()), float(change.std())]


def _vector_features(
    neighbour: Mapping[str, Floats], original: Mapping[str, Floats], embeddings: Sequence[str]
) -> list[float]:
    """Return each embedding's distance and its change in norm, both relative to the original's norm."""
    features = []
    for name in embeddings:
        old, new = original.get(name, np.zeros(0)), neighbour.get(name, np.zeros(0))
        scale = float(np.linalg.norm(old))
        comparable = scale > 0 and len(old) == len(new)
        features.append(float(np.linalg.norm(new - old)) / scale if comparable else 0.0)
        features.append(float(np.linalg.norm(new)) / scale - 1 if comparable else 0.0)
    return features


def _first_view(table: pa.Table, role: str, wanted: Mapping[str, str]) -> pa.Table:
    """Return the rows of one role under the given transcript and the first instruction."""
    keep = pc.and_(pc.equal(table["role"], role), pc.equal(table["condition"], "given"))
    keep = pc.and_(keep, pc.equal(table["instruction"], 0))
    for name, value in wanted.items():
        keep = pc.and_(keep, pc.equal(table[name], value))
    return table.filter(keep)


def _lists(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """Return each list of a column as an array; a null list is empty."""
    array: Any = column.combine_chunks()
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = array.flatten().to_numpy(zero_copy_only=False)
    return np.split(flat, np.cumsum(lengths)[:-1].astype(np.intp)) if len(lengths) else []


def _row_means(column: pa.ChunkedArray) -> Floats:
    """Return the mean of each list of a column over its known values; NaN if it has none."""
    array: Any = column.combine_chunks()
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = array.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    known = np.isfinite(flat)
    counts = np.bincount(row[known], minlength=len(lengths))
    sums = np.bincount(row[known], flat[known], len(lengths))
    return np.asarray(np.divide(sums, counts, out=np.full(len(lengths), np.nan), where=counts > 0))
