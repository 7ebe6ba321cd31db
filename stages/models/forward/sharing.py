"""Hidden states of many rows, computed so that a common beginning runs through the language model only once.

The neighbours of a clip share its sound, the prompt, and often the first words of the transcript. The first row of each
sound runs whole. Of each other row, only the part that differs runs, with the first row's keys and values. Rows are
padded on the right and positions are stated, so that no row's values depend on other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class SharedPrefix:
    """How much of its beginning each row shares with another row of its batch.

    Attributes
    ----------
    parents : list of int
        Index of the row that shares its beginning; the row's own index if it runs whole.
    lengths : list of int
        Number of shared positions; 0 for a row that runs whole.
    """

    parents: list[int]
    lengths: list[int]


def common_beginnings(rows: Sequence[Sequence[int]], sounds: Sequence[Hashable], least: Sequence[int]) -> SharedPrefix:
    """Find the beginning that each row shares with the first row of the same sound.

    Parameters
    ----------
    rows : sequence of sequence of int
        Token ids; all audio positions hold the same id, for every sound.
    sounds : sequence of hashable
        The sound of each row.
    least : sequence of int
        Position at which each row's sound ends. A row that shares less runs whole.
    """
    first: dict[Hashable, int] = {}
    parents, lengths = [], []
    for at, (row, sound) in enumerate(zip(rows, sounds, strict=True)):
        parent = first.setdefault(sound, at)
        length = _common(rows[parent], row) if parent != at else 0
        parents.append(parent if length >= least[at] else at)
        lengths.append(length if length >= least[at] else 0)
    return SharedPrefix(parents, lengths)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def shared_hidden(decoder: Any, pieces: Sequence[torch.Tensor], shared: SharedPrefix) -> list[torch.Tensor]:
    """Run a decoder over rows, each from the first position that it does not share with its parent.

    Parameters
    ----------
    decoder : transformers.PreTrainedModel
        A causal model without its head, which takes ``inputs_embeds`` and ``past_key_values``.
    pieces : sequence of float[n, d]
        Each row's embedded tokens from the first that it does not share; n may be 0.
    shared : SharedPrefix

    Returns
    -------
    list of float[n, d]
        The last hidden layer over each whole row.
    """
    whole = [at for at, parent in enumerate(shared.parents) if parent == at]
    parts = [at for at, parent in enumerate(shared.parents) if parent != at and len(pieces[at])]
    first = _Pass(decoder, [pieces[at] for at in whole], keep=bool(parts))
    hidden = dict(zip(whole, first.hidden(), strict=True))
    if parts:
        place = {row: at for at, row in enumerate(whole)}
        first.select([place[shared.parents[at]] for at in parts], [shared.lengths[at] for at in parts])
        first.run([pieces[at] for at in parts], keep=False)
        own = dict(zip(parts, first.hidden(), strict=True))
    rows = []
    for at, parent in enumerate(shared.parents):
        beginning = hidden[parent][: shared.lengths[at]] if parent != at else hidden[at]
        rows.append(torch.cat([beginning, own[at]]) if parent != at and len(pieces[at]) else beginning)
    return rows


@torch.inference_mode()
def greedy(
    decoder: Any,
    embed: Callable[[torch.Tensor], torch.Tensor],
    head: Callable[[torch.Tensor], torch.Tensor],
    prompts: Sequence[torch.Tensor],
    end: int,
    max_tokens: int,
) -> list[list[int]]:
    """Continue each prompt with the decoder's most probable tokens.

    Parameters
    ----------
    decoder : transformers.PreTrainedModel
        See `shared_hidden`.
    embed, head : callable
        From token ids int64[n] to float[n, d], and from float[n, d] to logits float[n, V].
    prompts : sequence of float[n, d]
        Embedded prompts; n >= 1.
    end : int
        The token that ends an answer; the returned ids do not contain it.
    max_tokens : int
        Largest number of tokens of an answer.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    running = list(range(len(prompts)))
    state = _Pass(decoder, prompts, keep=True)
    for _ in range(max_tokens):
        best = head(torch.stack([vectors[-1] for vectors in state.hidden()])).argmax(-1)
        going = [at for at, token in enumerate(best.tolist()) if token != end]
        for at in going:
            answers[running[at]].append(int(best[at]))
        if not going:
            break
        if len(going) < len(running):
            state.select(going)
            running = [running[at] for at in going]
        state.run(list(embed(best[going])[:, None]), keep=True)
    return answers


class _Pass:
    """The state of rows that are running: their keys and values, which of these are padding, the last hidden states."""

    def __init__(self, decoder: Any, pieces: Sequence[torch.Tensor], keep: bool) -> None:
        self._decoder = decoder
        self._cache: Any = None
        self._seen = torch.zeros(len(pieces), 0, dtype=torch.int64, device=pieces[0].device)  # 0 where padded
        self.run(pieces, keep)

    def run(self, pieces: Sequence[torch.Tensor], keep: bool) -> None:
        """Run one more piece of each row, n >= 1; with `keep`, further pieces may follow."""
        device = self._seen.device
        self._lengths = [len(piece) for piece in pieces]
        embedded = pad_sequence(list(pieces), batch_first=True)
        places = torch.arange(embedded.shape[1], device=device)
        held = (places < torch.tensor(self._lengths, device=device)[:, None]).long()
        positions = self._seen.sum(1, keepdim=True) + places
        self._seen = torch.cat([self._seen, held], 1)
        # The first pass needs no mask: padding follows the row and the model is causal. Attention is faster without.
        before = {} if self._cache is None else {"attention_mask": self._seen, "position_ids": positions}
        made = self._decoder(
            inputs_embeds=embedded, past_key_values=self._cache, use_cache=keep or self._cache is not None, **before
        )
        self._hidden, self._cache = made.last_hidden_state, made.past_key_values

    def hidden(self) -> list[torch.Tensor]:
        """Return the last piece's hidden states, float[n, d] for each row."""
        return [vectors[:length] for vectors, length in zip(self._hidden, self._lengths, strict=True)]

    def select(self, rows: Sequence[int], lengths: Sequence[int] | None = None) -> None:
        """Keep the given rows, which may repeat; with `lengths`, keep only the first positions of each."""
        chosen = torch.tensor(rows, device=self._seen.device)
        if lengths is not None:
            longest = max(lengths)
            self._cache.crop(longest - self._seen.shape[1])  # a negative number removes that many positions
            places = torch.arange(longest, device=self._seen.device)
            self._seen = (places < torch.tensor(lengths, device=self._seen.device)[:, None]).long()
        else:
            self._seen = self._seen[chosen]
        self._cache.batch_select_indices(chosen)
