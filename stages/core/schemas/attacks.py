"""What the stage `attacks` writes: scores of clips and of their neighbours, and the inputs that each attack uses."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import pyarrow as pa


class AttackKind(TypedDict):
    """What an attack reads, as in `attacks.json`, by attack.

    ``p`` exists for an attack that learns from labels: its p value over permuted labels by view, null without
    permutations.
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
"""Scores of changed audio and of pairings, each used as the query. The former show what an auditor would see who has
only a corrupted copy, the latter what an attack shows when voice and words are separated."""
