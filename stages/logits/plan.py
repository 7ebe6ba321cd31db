"""Which rows an audit needs of a target, each under the key of all that its value depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stages.core.codeversion import code_version, library_versions
from stages.core.rowcache import row_key

GIVEN = "given"
"""The condition under which the corpus's own transcript is scored."""


@dataclass(frozen=True)
class Row:
    """One neighbour put to a target with one instruction."""

    neighbour_id: str
    clip_id: str
    audio_hash: str
    text: str
    instruction: int


def rows_of(neighbours: pa.Table, instructions: int) -> list[Row]:
    """Return every (neighbour, instruction), in the order of `neighbours`."""
    named = neighbours.select(["neighbour_id", "clip_id", "audio_hash", "text"]).to_pylist()
    return [Row(**values, instruction=instruction) for values in named for instruction in range(instructions)]


@dataclass(frozen=True)
class Keys:
    """Makes the row cache's keys for one target.

    Attributes
    ----------
    fingerprint : dict
        Of the target: weights, architecture, dtype, attention implementation.
    instructions : sequence of str
        The prompts, by index.
    orders : sequence of float
        Rényi orders of the statistics.
    """

    fingerprint: dict[str, Any]
    instructions: Sequence[str]
    orders: Sequence[float]

    def tokens(self, row: Row, slice_: str) -> str:
        """Return the key of a row's statistics in one slice."""
        return row_key("tokens", *self._common(row), slice_, list(self.orders))

    def embeddings(self, row: Row) -> str:
        """Return the key of a row's pooled embeddings."""
        return row_key("embeddings", *self._common(row))

    def _common(self, row: Row) -> list[Any]:
        return [
            row.audio_hash,
            row.text,
            self.instructions[row.instruction],
            GIVEN,
            self.fingerprint,
            [code_version(module) for module in self._modules()],
            library_versions("torch", "transformers", "tokenizers", "numpy"),
        ]

    def _modules(self) -> list[str]:
        """Return what makes a row: the reduction of a forward, the loading, and the target's adapter."""
        adapter = f"stages.target.adapters.{self.fingerprint['architecture']}"
        return ["stages.logits.reduction", "stages.target.loading", adapter]
