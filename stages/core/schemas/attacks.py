"""What the stage `attacks` writes: scores of clips and of their neighbours, and what each attack reads."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import pyarrow as pa


class AttackKind(TypedDict):
    """What an attack reads, as in `attacks.json`, by attack.

    ``p`` is by view, of an attack that learns from labels: over permuted labels, null where there are none.
    """

    uses_reference: bool
    uses_labels: bool
    p: NotRequired[dict[str, float | None]]


_ATTACK_SCORE = [
    ("role", pa.string()),
    ("attack", pa.string()),
    ("slice", pa.string()),
    ("condition", pa.string()),
    ("instruction", pa.int16()),
    ("score", pa.float64()),
]

ATTACK_SCORES_SCHEMA = pa.schema([("clip_id", pa.string()), *_ATTACK_SCORE])

NEIGHBOUR_SCORES_SCHEMA = pa.schema(
    [
        ("neighbour_id", pa.string()),
        ("clip_id", pa.string()),
        ("kind", pa.string()),
        ("perturbation", pa.string()),
        *_ATTACK_SCORE,
    ]
)
"""Scores of changed audio and of pairings, each taken as the query: what an auditor would see who has only a corrupted
copy, and what becomes of an attack when voice and words are taken apart."""
