"""Hidden states of rows whose decoder attends to an encoded sound.

What a decoder computes of the sound itself, the keys and values of its cross-attention, is much more than what it
computes of a short text: one projection for each position of the sound. A clip's transcript and its neighbours share
the sound, and the prefix with which they begin. Both run once, and every row continues from there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Crossing:
    """A decoder with cross-attention.

    Attributes
    ----------
    decoder : transformers.PreTrainedModel
        Takes token ids, ``encoder_hidden_states`` and ``past_key_values``.
    crossed : callable
        From encoded sounds float[sounds, n, d] to what the decoder is given.
    pad : int
        Token id after the end of a row, which nothing before it depends on.
    """

    decoder: Any
    crossed: Callable[[torch.Tensor], torch.Tensor]
    pad: int

    def of_rows(
        self,
        sounds: Sequence[torch.Tensor],
        rows: Sequence[Sequence[int]],
        names: Sequence[Hashable],
        prefixes: Sequence[int],
    ) -> list[torch.Tensor]:
        """Return the last hidden layer over each row; rows whose sounds have the same name share them.

        Parameters
        ----------
        sounds : sequence of float[n, d]
            The encoded sound of each row.
        rows : sequence of sequence of int
            Token ids.
        names : sequence of hashable
            Of the sounds.
        prefixes : sequence of int
            How many tokens each row has in common with all rows of its sound; at least 1.

        Returns
        -------
        list of float[tokens, d]
        """
        hidden: dict[int, torch.Tensor] = {}
        for places in alike(enumerate(names)):
            if len(places) > 1:
                of_one = [rows[at] for at in places]
                hidden |= zip(places, self.of_one_sound(sounds[places[0]], of_one, prefixes[places[0]]), strict=True)
        left = [at for at in range(len(rows)) if at not in hidden]
        for places in alike((at, len(sounds[at])) for at in left):
            of_several = self.of_several([sounds[at] for at in places], [rows[at] for at in places])
            hidden |= zip(places, of_several, strict=True)
        return [hidden[at] for at in range(len(rows))]

    def of_several(self, sounds: Sequence[torch.Tensor], rows: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Return the same for rows of several sounds, all equally long."""
        states = self.crossed(torch.stack(list(sounds)))
        made = self.decoder(self._padded(rows, states.device), encoder_hidden_states=states, use_cache=False)
        return [vectors[: len(row)] for row, vectors in zip(rows, made.last_hidden_state, strict=True)]

    def of_one_sound(self, sound: torch.Tensor, rows: Sequence[Sequence[int]], prefix: int) -> list[torch.Tensor]:
        """Return the same for rows of one sound, which begin with the same `prefix` tokens."""
        states = self.crossed(sound[None])
        beginning = torch.tensor([list(rows[0][:prefix])], device=states.device)
        made = self.decoder(beginning, encoder_hidden_states=states, use_cache=True)
        first, cache = made.last_hidden_state[0], made.past_key_values
        rests = [row[prefix:] for row in rows]
        if not any(rests):
            return [first for _ in rows]
        for part in (cache.self_attention_cache, cache.cross_attention_cache):
            for layer in part.layers:  # views: nothing is copied
                layer.keys = layer.keys.expand(len(rows), -1, -1, -1)
                layer.values = layer.values.expand(len(rows), -1, -1, -1)
        ids = self._padded(rests, states.device)
        made = self.decoder(ids, encoder_hidden_states=states, past_key_values=cache, use_cache=True)
        continued = zip(rests, made.last_hidden_state, strict=True)
        return [torch.cat([first, vectors[: len(rest)]]) for rest, vectors in continued]

    def _padded(self, rows: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
        ids = torch.full((len(rows), max(len(row) for row in rows)), self.pad)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
        return ids.to(device)


def alike(keyed: Iterable[tuple[Any, Hashable]]) -> list[list[Any]]:
    """Group items by their keys, in the order of each group's first item."""
    groups: dict[Hashable, list[Any]] = {}
    for item, key in keyed:
        groups.setdefault(key, []).append(item)
    return list(groups.values())
