"""Token rows of a batch: what each position holds, and the padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Row:
    """One query as tokens.

    Attributes
    ----------
    token_ids : list of int
    audio, instruction, answer : range
        Positions of the audio, of the instruction after it, and of the answer with the token that ends it.
    """

    token_ids: list[int]
    audio: range
    instruction: range
    answer: range


def padded(rows: Sequence[Row], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and attention mask, int64[rows, longest], padded on the right so that positions stay."""
    longest = max(len(row.token_ids) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row.token_ids)] = torch.tensor(row.token_ids)
        mask[at, : len(row.token_ids)] = 1
    return ids, mask


def scored(row: Row, logits_of: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a slice's token ids and the hidden states (or logits) that predict them.

    Parameters
    ----------
    row : Row
    logits_of : float[positions, d]
        One vector a position; that of position i predicts the token at i + 1.
    name : str
        Of `stages.target.adapter.SLICES`. For ``audio`` no token is true: the ids are empty, the vectors those at
        the audio positions, and the caller takes its best guesses (arXiv 2411.02902).

    Returns
    -------
    token_ids : int64[T]
    vectors : float[T, d]
    """
    if name == "audio":
        return torch.empty(0, dtype=torch.int64), logits_of[row.audio.start : row.audio.stop]
    places = row.instruction if name == "instruction" else row.answer
    ids = torch.tensor(row.token_ids[places.start : places.stop], dtype=torch.int64)
    return ids, logits_of[places.start - 1 : places.stop - 1] if places else logits_of[:0]
