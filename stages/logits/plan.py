"""The rows that an audit needs from a target, and their keys, which hash everything that a value depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import row_key
from stages.logits.reduction import token_table
from stages.models.loading import model_code

GIVEN = "given"
"""The transcript source whose rows score the corpus's own transcript."""
GENERATED = "generated"
"""The transcript source whose rows score the target's own greedy transcript (arXiv 2603.28378)."""

COLUMNS = ["neighbour_id", "clip_id", "audio_hash", "seconds", "text", "kind"]
"""Columns of ``neighbours.parquet`` that rows are planned from."""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One neighbour with one instruction and one transcript source.

    `text` is None if the target generates it; `seconds` is the sound's length.
    """

    neighbour_id: str
    clip_id: str
    audio_hash: str
    text: str | None
    instruction: int
    condition: str
    seconds: float


def rows_of(neighbours: pa.Table, instructions: int, conditions: Sequence[str]) -> list[PlannedRow]:
    """Return every (neighbour, instruction, condition), in the order of `neighbours`.

    Neighbours that change only the text have no `GENERATED` row, because that row would not use their text.
    """
    named = neighbours.select(COLUMNS).to_pylist()
    return [
        PlannedRow(
            values["neighbour_id"],
            values["clip_id"],
            values["audio_hash"],
            values["text"] if condition == GIVEN else None,
            instruction,
            condition,
            values["seconds"],
        )
        for values in named
        for instruction in range(instructions)
        for condition in sorted(conditions)
        if condition == GIVEN or values["kind"] != "text"
    ]


def originals_of(neighbours: pa.Table) -> set[str]:
    """Return the neighbour_ids of the clips themselves."""
    kinds = zip(neighbours["neighbour_id"].to_pylist(), neighbours["kind"].to_pylist(), strict=True)
    return {neighbour_id for neighbour_id, kind in kinds if kind == "original"}


@dataclass(frozen=True)
class Keys:
    """Computes the row cache's keys for one target.

    Attributes
    ----------
    fingerprint : dict
        The target's weights, architecture, dtype and attention implementation.
    instructions : sequence of str
        The prompts; rows name them by index.
    orders : sequence of float
        Rényi orders of the statistics.
    generated_tokens : int
        Largest number of tokens of the target's own transcripts.
    """

    fingerprint: dict[str, Any]
    instructions: Sequence[str]
    orders: Sequence[float]
    generated_tokens: int

    def tokens(self, row: PlannedRow, slice_: str) -> str:
        """Return the key of a row's statistics in one slice."""
        return row_key("tokens", self._common, *self._own(row), slice_, list(self.orders))

    def embeddings(self, row: PlannedRow) -> str:
        """Return the key of a row's pooled embeddings."""
        return row_key("embeddings", self._common, *self._own(row))

    def _own(self, row: PlannedRow) -> list[Any]:
        text = row.text if row.condition == GIVEN else self.generated_tokens
        return [row.audio_hash, text, self.instructions[row.instruction], row.condition]

    @cached_property
    def _common(self) -> str:
        """The hash of everything that all rows of a target depend on, computed once for all keys."""
        code = [code_version(token_table.__module__), *model_code(self.fingerprint["architecture"])]
        return row_key(self.fingerprint, code, library_versions("torch", "transformers", "tokenizers", "numpy"))
