"""Many rows in one sequence without padding, in which a beginning that rows share runs through the model only once.

The neighbours of a clip share its sound, the prompt, and often the first words of the transcript. The first row of each
sound runs whole. Of each other row only the part that differs runs. All parts follow each other in one sequence, so
that no multiplication of the model is spent on padding. A token attends to the beginning of its own row and to nothing
else: attention is computed row by row, from here, by the function that `transformers` calls as ``sdpa``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

from stages.models.forward.attention import KeyValues
from stages.models.forward.sharing import SharedPrefix
from stages.models.forward.transfer import to_device

Indices = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class PackedRows:
    """The places of rows in one sequence, and the attention among them.

    Parameters
    ----------
    lengths : sequence of int
        Positions of each row, those included that it shares with its parent; at least 1.
    shared : SharedPrefix
    device : torch.device

    Attributes
    ----------
    own : list of range
        The places in the sequence of each row's own part, which follows what it shares.
    kept : KeyValues or None
        Takes the keys and values of rows that will be continued.
    """

    def __init__(self, lengths: Sequence[int], shared: SharedPrefix, device: torch.device) -> None:
        children: dict[int, list[int]] = {}
        for at, parent in enumerate(shared.parents):
            if parent != at and lengths[at] > shared.lengths[at]:
                children.setdefault(parent, []).append(at)
        whole = [at for at, parent in enumerate(shared.parents) if parent == at]
        self._shared = shared
        self._device = device
        self._alone = [[at] for at in whole if at not in children]
        self._families = [[at, *children[at]] for at in whole if at in children]
        self.own = [range(0)] * len(lengths)
        end = 0
        for rows in (*self._alone, *self._families):
            for at in rows:
                self.own[at] = range(end, end + lengths[at] - shared.lengths[at])
                end = self.own[at].stop
        self.kept: KeyValues | None = None

    def places(self, row: int, positions: range) -> list[int]:
        """Return the places in the sequence of some of a row's positions."""
        shared, parent = self._shared.lengths[row], self._shared.parents[row]
        start = self.own[parent].start
        before = range(start + positions.start, start + min(positions.stop, shared))
        moved = self.own[row].start - shared
        return [*before, *range(moved + max(positions.start, shared), moved + positions.stop)]

    @cached_property
    def positions(self) -> torch.Tensor:
        """The position in its row of each token of the sequence, int64[T]."""
        begins = self._shared.lengths
        return self._moved(np.concatenate([np.arange(len(own)) + begins[at] for at, own in self._ordered()]))

    def padded(self, values: torch.Tensor) -> torch.Tensor:
        """Return a sequence [T, ...] of rows that share nothing as rows [R, longest, ...], padded on the right."""
        return values[self._moved(_padded([range(own.start, own.stop) for own in self.own]))]

    def packed(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows [R, longest, ...], in the form that `padded` gives, as a sequence [T, ...]."""
        index = [at * rows.shape[1] + place for at, own in self._ordered() for place in range(len(own))]
        return rows.flatten(0, 1)[self._moved(np.array(index))]

    def attend(
        self,
        layer: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scale: float,
        window: int | None,
    ) -> torch.Tensor:
        """See `Attention.attend`."""
        parts = []
        for group in self._groups:
            q, k, v = (tensor[group.index] for tensor in (query, key, value))  # [rows, longest, heads, D]
            if self.kept is not None:
                self.kept.begin(layer, k, v)
            mask = group.mask(window)
            if mask is not None:
                k, v = (_repeated(tensor, query.shape[1]) for tensor in (k, v))
            made = scaled_dot_product_attention(
                q.transpose(1, 2),
                k.transpose(1, 2),
                v.transpose(1, 2),
                attn_mask=mask,
                is_causal=mask is None,
                scale=scale,
                enable_gqa=k.shape[2] != q.shape[2],
            )
            parts.append(made.transpose(1, 2).flatten(0, 1))
        return torch.cat(parts)[self._back]

    @cached_property
    def _groups(self) -> list[_Group]:
        """The rows whose attention runs together: rows by themselves, and rows with those that share their beginning.

        The two run apart, because attention without a mask is faster.
        """
        return [
            _Group(
                self._moved(_padded([range(self.own[rows[0]].start, self.own[rows[-1]].stop) for rows in families])),
                _Relatives.of(families, self.own, self._shared.lengths, self._device) if apart else None,
            )
            for families, apart in ((self._alone, False), (self._families, True))
            if families
        ]

    @cached_property
    def _back(self) -> torch.Tensor:
        """The index that brings the padded rows of all groups back into the sequence, int64[T]."""
        found, start = [], 0
        for families in (self._alone, self._families):
            lengths = [self.own[rows[-1]].stop - self.own[rows[0]].start for rows in families]
            longest = max(lengths, default=0)
            found += [np.arange(length) + start + at * longest for at, length in enumerate(lengths)]
            start += longest * len(lengths)
        return self._moved(np.concatenate(found))

    def _ordered(self) -> list[tuple[int, range]]:
        """Return the rows that have a part of their own, in their order in the sequence."""
        return [(at, self.own[at]) for rows in (*self._alone, *self._families) for at in rows]

    def _moved(self, values: Indices) -> torch.Tensor:
        return to_device(torch.from_numpy(values), self._device)


@dataclass(frozen=True)
class _Relatives:
    """Which tokens of a row and of the rows that share its beginning see each other; int64[families, longest] each.

    Attributes
    ----------
    row : the row's number within its family, 0 for the one that runs whole
    shared : how many positions of the first row the token's row begins with
    position : the token's position in its row
    """

    row: torch.Tensor
    shared: torch.Tensor
    position: torch.Tensor

    @classmethod
    def of(
        cls, families: Sequence[Sequence[int]], own: Sequence[range], shared: Sequence[int], device: torch.device
    ) -> _Relatives:
        """Describe the tokens of families of rows, in their order in the sequence."""
        longest = max(own[rows[-1]].stop - own[rows[0]].start for rows in families)
        found = np.full((3, len(families), longest), -1, np.int64)  # no row sees padding, which is of row -1
        for place, rows in enumerate(families):
            lengths = [len(own[row]) for row in rows]
            end = sum(lengths)
            found[0, place, :end] = np.repeat(np.arange(len(rows)), lengths)
            found[1, place, :end] = np.repeat([shared[row] for row in rows], lengths)
            found[2, place, :end] = np.concatenate([np.arange(len(own[row])) + shared[row] for row in rows])
        return cls(*torch.from_numpy(found).to(device))

    def visible(self, window: int | None) -> torch.Tensor:
        """Return the mask bool[families, 1, longest, longest] of (token, seen token)."""
        row, shared, position = self.row, self.shared, self.position
        before = position[:, None, :] <= position[:, :, None]
        same = row[:, None, :] == row[:, :, None]
        begins = (row == 0)[:, None, :] & (position[:, None, :] < shared[:, :, None])
        seen = (same & before) | begins
        if window is not None:
            seen &= position[:, :, None] - position[:, None, :] < window
        return seen[:, None]


class _Group:
    """Rows whose attention runs together.

    Parameters
    ----------
    index : int64[rows, longest]
        Places in the sequence; the last one repeated where a row is shorter.
    relatives : _Relatives or None
        None if each row stands by itself.
    """

    def __init__(self, index: torch.Tensor, relatives: _Relatives | None) -> None:
        self.index = index
        self._relatives = relatives
        self._masks: dict[int | None, torch.Tensor | None] = {}

    def mask(self, window: int | None) -> torch.Tensor | None:
        """Return the mask of a layer, bool[rows or 1, 1, longest, longest]; None if plain causal attention is meant."""
        longest = self.index.shape[1]
        window = None if window is None or window >= longest else window
        if window not in self._masks:
            self._masks[window] = self._made(longest, window)
        return self._masks[window]

    def _made(self, longest: int, window: int | None) -> torch.Tensor | None:
        if self._relatives is not None:
            return self._relatives.visible(window)
        if window is None:
            return None
        apart = torch.arange(longest, device=self.index.device)
        apart = apart[:, None] - apart
        return ((apart >= 0) & (apart < window))[None, None]


def _padded(rows: Sequence[range]) -> Indices:
    """Return ranges as one array int64[rows, longest], each range's last number repeated at its end."""
    starts = np.array([row.start for row in rows])[:, None]
    stops = np.array([row.stop for row in rows])[:, None]
    places: Indices = np.minimum(starts + np.arange(int((stops - starts).max())), stops - 1)
    return places


def _repeated(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """Return keys or values float[R, L, K, D] repeated to H heads, as grouped-query attention uses them."""
    return tensor.repeat_interleave(heads // tensor.shape[2], 2)
