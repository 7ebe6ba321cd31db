"""The token rows of a batch: the content of each position, and the padded tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from stages.models.adapter import Reduce

LOGITS_AT_ONCE = 1 << 25
"""Largest number of logits in memory (128 MB), so that a large vocabulary does not limit the batch size."""
LOGITS_AT_ONCE_ON_GPU = 1 << 28
"""The same on a GPU, which is slow in small parts."""


@dataclass(frozen=True)
class TokenRow:
    """One query as tokens.

    Attributes
    ----------
    token_ids : list of int
    audio, instruction, answer : range
        Positions of the audio, of the instruction after it, and of the answer, which includes its end token.
    """

    token_ids: list[int]
    audio: range
    instruction: range
    answer: range


def padded(rows: Sequence[TokenRow], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and attention mask, int64[rows, longest], padded on the right, so that positions do not move."""
    longest = max(len(row.token_ids) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row.token_ids)] = torch.tensor(row.token_ids)
        mask[at, : len(row.token_ids)] = 1
    return ids, mask


def scored(row: TokenRow, logits_of: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a slice's token ids and the hidden states (or logits) that predict them.

    Parameters
    ----------
    row : TokenRow
    logits_of : float[positions, d]
        One vector per position; the vector at position i predicts the token at i + 1.
    name : str
        One of `stages.models.adapter.SLICES`. ``audio`` has no true tokens: its ids are empty, its vectors are those
        at the audio positions, and the caller takes the most probable tokens instead (arXiv 2411.02902).

    Returns
    -------
    token_ids : int64[T]
    vectors : float[T, d]
    """
    ids, positions = slice_of(row, name)
    return torch.tensor(ids, dtype=torch.int64), logits_of[positions.start : positions.stop]


def slice_of(row: TokenRow, name: str) -> tuple[list[int], range]:
    """Return a slice's token ids and the positions that predict them; see `scored`."""
    if name == "audio":
        return [], row.audio
    places = row.instruction if name == "instruction" else row.answer
    ids = row.token_ids[places.start : places.stop]
    return ids, range(places.start - 1, places.stop - 1) if places else range(0)


def reduced(
    head: Callable[[torch.Tensor], torch.Tensor],
    slices: Sequence[tuple[torch.Tensor, torch.Tensor]],
    vocabulary: int,
    reduce: Reduce,
) -> list[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    """Run the head over one slice of every row, part by part, and reduce its logits.

    Parameters
    ----------
    head : callable
        From float[n, d] to logits float[n, V].
    slices : sequence of (token_ids, vectors)
        One pair per row, as `scored` returns it. For vectors without ids, the most probable tokens are taken.
    vocabulary : int
        V.
    reduce : Reduce

    Returns
    -------
    list of (int64[T], dict of str to float32[T])
        Token ids and statistics of each row.
    """
    vectors = torch.cat([of_row for _, of_row in slices])
    ids = torch.cat([of_row for of_row, _ in slices]).to(vectors.device)
    rows = max(1, (LOGITS_AT_ONCE if vectors.device.type == "cpu" else LOGITS_AT_ONCE_ON_GPU) // vocabulary)
    found, parts = [], []
    for start in range(0, max(len(vectors), 1), rows):  # at least once, to learn the names of the statistics
        logits = head(vectors[start : start + rows]).float()
        found.append(ids[start : start + rows] if len(ids) else logits.argmax(-1))
        parts.append(reduce(logits, found[-1]))
    lengths = [len(of_row) for _, of_row in slices]
    token_ids = torch.split(torch.cat(found).cpu(), lengths)
    values = torch.stack([torch.cat([part[name] for part in parts]) for name in parts[0]]).cpu()
    statistics = {name: torch.split(of_name, lengths) for name, of_name in zip(parts[0], values, strict=True)}
    return [(token_ids[at], {name: of_rows[at] for name, of_rows in statistics.items()}) for at in range(len(slices))]
