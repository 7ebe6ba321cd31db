"""The attention of rows that lie in one sequence: what computes it is passed through the model as ``packing``.

`transformers` passes keyword arguments of a decoder on to the function that its attention layers call, under the name
``sdpa``. That function is replaced by one that hands over to `packing` where there is one, and is the same otherwise.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NO_MASK = (1, 1, 1, 1)
"""Shape of a mask that `transformers` passes on as it is, in place of making one that holds every pair of tokens."""


class Attention(Protocol):
    """Computes the attention of one forward over packed rows; passed to the decoder as ``packing``."""

    def attend(
        self,
        layer: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scale: float,
        window: int | None,
    ) -> torch.Tensor:
        """Return the attended values.

        Parameters
        ----------
        layer : torch.nn.Module
            Identifies the layer.
        query : float[T, H, D]
        key, value : float[T, K, D]
            H is a multiple of K.
        scale : float
        window : int or None
            How many positions a token attends to, itself included; None for all.

        Returns
        -------
        float[T, H, D]
        """
        ...


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    packing: Attention | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as ``sdpa`` of `transformers` does; with `packing`, attend over packed rows."""
    if packing is None:
        made: tuple[torch.Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return made
    if options.get("softcap") is not None or options.get("s_aux") is not None:
        raise NotImplementedError("attention with capped scores or sinks is not packed")
    scale = options.get("scaling")
    attended = _attend(
        packing,
        module,
        query[0].transpose(0, 1),
        key[0].transpose(0, 1),
        value[0].transpose(0, 1),
        query.shape[-1] ** -0.5 if scale is None else scale,
        options.get("sliding_window"),
    )
    return attended[None], None


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _attend(packing: Attention, *arguments: Any) -> torch.Tensor:
    """Call `packing`, whose lists of rows are of no use to a compiler."""
    return packing.attend(*arguments)


AttentionInterface.register("sdpa", _attention)


class KeyValues:
    """The keys and values of rows that are continued token by token.

    Parameters
    ----------
    lengths : int64[R]
        Positions of each row's prompt.
    room : int
        Largest number of tokens that may follow.
    """

    def __init__(self, lengths: torch.Tensor, room: int) -> None:
        self.lengths = lengths
        self._rows = torch.arange(len(lengths), device=lengths.device)
        self._longest = int(lengths.max())
        self._room = room
        self._held: dict[torch.nn.Module, tuple[torch.Tensor, torch.Tensor]] = {}
        self._masks: dict[int | None, torch.Tensor] = {}

    def begin(self, layer: torch.nn.Module, key: torch.Tensor, value: torch.Tensor) -> None:
        """Take the padded keys and values of the prompts, float[R, longest, K, D] each."""
        held = []
        for tensor in (key, value):
            # Zeros, because what has not been written must be finite: attention gives it the weight 0.
            room = tensor.new_zeros(len(tensor), self._longest + self._room, *tensor.shape[2:])
            room[:, : tensor.shape[1]] = tensor
            held.append(room)
        self._held[layer] = held[0], held[1]

    def keep(self, rows: torch.Tensor) -> None:
        """Drop all rows except the given ones, int64[n]."""
        self.lengths, self._rows = self.lengths[rows], self._rows[: len(rows)]
        for layer, (key, value) in self._held.items():  # one layer after the other: a copy of all takes much memory
            self._held[layer] = key[rows], value[rows]
        self._masks.clear()

    def advance(self) -> None:
        """Make room for the next token of every row."""
        self.lengths = self.lengths + 1
        self._longest += 1
        self._masks.clear()

    def attend(
        self,
        layer: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scale: float,
        window: int | None,
    ) -> torch.Tensor:
        """Attend from one new token of each row, T = R; see `Attention.attend`."""
        rows, heads = query.shape[:2]
        held = self._held[layer]
        for tensor, new in zip(held, (key, value), strict=True):
            tensor[self._rows, self.lengths] = new
        keys, values = (tensor[:, : self._longest + 1].transpose(1, 2) for tensor in held)
        of_head = query.reshape(rows, key.shape[1], heads // key.shape[1], -1)  # heads of one key run as its queries
        made = scaled_dot_product_attention(of_head, keys, values, attn_mask=self._mask(window), scale=scale)
        return made.reshape(rows, heads, -1)

    def _mask(self, window: int | None) -> torch.Tensor:
        """Return which positions a row's new token sees, bool[R, 1, 1, longest + 1]."""
        if window not in self._masks:
            place = torch.arange(self._longest + 1, device=self.lengths.device)
            last = self.lengths[:, None]
            seen = place <= last if window is None else (place <= last) & (place > last - window)
            self._masks[window] = seen[:, None, None]
        return self._masks[window]
