"""From token statistics to scores, streaming: only original rows are kept whole, neighbours as what attacks need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stages.attacks.registry import NEIGHBOUR_ATTACKS, REFERENCE_ATTACKS, Scored, Settings, score
from stages.core.artifacts import SCHEMAS

_IDS = ("neighbour_id", "role", "instruction", "condition", "slice", "text", "seconds_cut")


class View(NamedTuple):
    """What is compared like with like: a clip's row as one role saw it, without the role."""

    clip_id: str
    slice: str
    condition: str
    instruction: int


@dataclass
class _Gathered:
    originals: dict[tuple[str, View], Scored] = field(default_factory=dict)
    neighbours: dict[tuple[str, View], list[Scored]] = field(default_factory=lambda: defaultdict(list))


def score_clips(tables: Iterable[pa.Table], clip_of: dict[str, tuple[str, bool]], settings: Settings) -> pa.Table:
    """Score every clip with every attack.

    Parameters
    ----------
    tables : iterable of pa.Table
        `tokens.parquet`, in any order.
    clip_of : dict of str to (str, bool)
        From neighbour_id to its clip and whether it is the original.
    settings : Settings

    Returns
    -------
    pa.Table
        `SCHEMAS["attack_scores"]`, sorted; a score is NaN where an attack is not defined (an empty slice). Reference
        attacks stand under the role ``target``; without a reference there are none.
    """
    gathered = _gather(tables, clip_of)
    rows = sorted(_scores(gathered, settings))
    schema = SCHEMAS["attack_scores"]
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _gather(tables: Iterable[pa.Table], clip_of: dict[str, tuple[str, bool]]) -> _Gathered:
    gathered = _Gathered()
    for table in tables:
        for role, view, original, scored in _rows(table, clip_of):
            if original:
                gathered.originals[role, view] = scored
            else:
                gathered.neighbours[role, view].append(
                    Scored({"logprob": scored.statistics["logprob"]}, scored.text, None)
                )
    return gathered


def _rows(table: pa.Table, clip_of: dict[str, tuple[str, bool]]) -> Iterator[tuple[str, View, bool, Scored]]:
    lists = {name: _split(table[name]) for name in table.column_names if name not in _IDS}
    token_ids = lists.pop("token_ids")
    ids = zip(*(table[name].to_pylist() for name in _IDS if name != "seconds_cut"), strict=True)
    for index, (neighbour_id, role, instruction, condition, slice_, text) in enumerate(ids):
        clip_id, original = clip_of[neighbour_id]
        scored = Scored({name: values[index] for name, values in lists.items()}, text, token_ids[index])
        yield role, View(clip_id, slice_, condition, instruction), original, scored


def _split(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """Return a list column as one array per row, without a Python object per number."""
    array = column.combine_chunks()
    return np.split(array.flatten().to_numpy(), np.cumsum(array.value_lengths().to_numpy())[:-1])


def _scores(gathered: _Gathered, settings: Settings) -> Iterator[tuple[str, str, str, str, str, int, float]]:
    for (role, view), row in gathered.originals.items():
        found = score(row.statistics, row.text, row.token_ids, settings)
        if len(row.statistics["logprob"]):
            for name in NEIGHBOUR_ATTACKS:
                found |= NEIGHBOUR_ATTACKS[name](row, gathered.neighbours.get((role, view), []))
            reference = gathered.originals.get(("reference", view))
            if role == "target" and reference is not None:
                for name in REFERENCE_ATTACKS:
                    found |= REFERENCE_ATTACKS[name](row, reference)
        for attack, value in found.items():
            yield view.clip_id, role, attack, view.slice, view.condition, view.instruction, value
