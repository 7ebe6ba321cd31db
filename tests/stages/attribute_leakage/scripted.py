"""A scripted target: an adapter that answers by rule, and its record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from stages.models.adapter import Adapter, Forced, Query
from stages.models.options import LoadOptions
from stages.models.record import TargetRecord

SCRIPT: dict[str, Any] = {}
"""What the scripted target does now: ``say`` (from a query to a text), ``layers`` (to its layers), and counts."""


class Scripted(Adapter):
    """Says what the script says; the probability of a forced answer is that of its first letter being the script's."""

    __module__ = "stages.models.adapter"  # rows are kept under the version of the code that makes them
    window_seconds = 30.0

    def __init__(self) -> None:
        self.model = torch.nn.Linear(1, 1)
        self.forces = SCRIPT.get("forces", True)

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> Scripted:
        SCRIPT["loaded"] = SCRIPT.get("loaded", 0) + 1
        return cls()

    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        rows = []
        for query in queries:
            wanted = SCRIPT["say"](query)
            logits = torch.zeros(1, 2)
            logits[0, 0] = 2.0 if wanted and wanted in query.text.rpartition(": ")[2] else 0.0
            rows.append(
                Forced(
                    {"transcript": torch.zeros(1, dtype=torch.int64)},
                    {"transcript": logits},
                    *[torch.zeros(2)] * 2,
                    0.0,
                )
            )
        return rows

    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        SCRIPT["asked"] = SCRIPT.get("asked", 0) + len(queries)
        return [SCRIPT["say"](query) for query in queries]

    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        show = SCRIPT.get("layers", lambda query: {})
        return [show(query) for query in queries]

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def record(name: str, *, audible: bool = True) -> TargetRecord:
    return TargetRecord(
        name=name,
        model="checkpoint",
        revision="",
        weight_hash=f"hash of {name}",
        architecture="scripted",
        parameters=1,
        dtype="float32",
        attention="sdpa",
        window_seconds=30.0,
        audible=audible,
        audio_effect={"swapped": 1.0 if audible else 0.0},
    )
