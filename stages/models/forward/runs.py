"""A batch of rows of a placeholder-merge decoder: the encoded sounds that go in, and what is read after the forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch

from stages.models.forward.packing import PackedRows
from stages.models.forward.rows import TokenRow, slice_of


@dataclass(frozen=True)
class EncodedAudio:
    """A sound after the encoder.

    Attributes
    ----------
    state : float[m, d]
        The encoder's output at the positions that hold sound.
    embedded : float[n, D]
        The input of the language model: one vector per audio token.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    share : Fraction
        Share of the encoder's positions that hold sound; the rest is silence that fills a window.
    spelled : tuple of (str, str)
        What the model's processor writes into a prompt for this sound; see `SoundInputs`.
    tokens : list of int
        The n tokens of the sound; empty if all are the placeholder.
    """

    state: torch.Tensor
    embedded: torch.Tensor
    seconds_cut: float
    share: Fraction = Fraction(1)
    spelled: tuple[tuple[str, str], ...] = ()
    tokens: Sequence[int] = ()


@dataclass(frozen=True)
class PackedRun:
    """A batch after its forward.

    Attributes
    ----------
    rows : sequence of TokenRow
    heard : sequence of EncodedAudio
        Of each row.
    packed : PackedRows
        The rows without their last token, which predicts nothing.
    hidden : float[T, D]
        The last hidden layer of the packed rows.
    """

    rows: Sequence[TokenRow]
    heard: Sequence[EncodedAudio]
    packed: PackedRows
    hidden: torch.Tensor

    def scored(self, name: str) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], list[int]]:
        """Return a slice's distinct (token ids, hidden states that predict them), and the index of each row's pair.

        Rows that share the tokens of a slice and all that comes before them have one pair.
        """
        keys: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        of_row = []
        for at, row in enumerate(self.rows):
            ids, positions = slice_of(row, name)
            of_row.append(keys.setdefault((tuple(self.packed.places(at, positions)), tuple(ids)), len(keys)))
        places = torch.tensor([place for places, _ in keys for place in places], dtype=torch.int64)
        vectors = torch.split(self.hidden[places.to(self.hidden.device)], [len(places) for places, _ in keys])
        return [(torch.tensor(ids).long(), found) for (_, ids), found in zip(keys, vectors, strict=True)], of_row

    def pooled(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return each row's means over its audio positions, float32[d] each: encoder's output, last hidden layer."""
        means: dict[tuple[int, ...], tuple[torch.Tensor, torch.Tensor]] = {}
        keys = [tuple(self.packed.places(at, row.audio)) for at, row in enumerate(self.rows)]
        for key, heard in zip(keys, self.heard, strict=True):
            if key not in means:
                means[key] = heard.state.float().mean(0), self.hidden[key[0] : key[-1] + 1].float().mean(0)
        together = [torch.stack(of_kind).cpu() for of_kind in zip(*means.values(), strict=True)]
        number = {key: at for at, key in enumerate(means)}
        return [(together[0][number[key]], together[1][number[key]]) for key in keys]
