"""A language model over packed rows: their hidden states, and their greedy continuations.

A decoder cannot run packed rows if its layers mix positions in another way than by attention, such as by a convolution
or a recurrent state, or if its attention is not that of `transformers`. `LanguageModel.packs` finds this out by a
trial. Such a decoder runs rows side by side, padded on the right, and shares no beginnings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from stages.models.forward.answering import AnswerRules
from stages.models.forward.attention import NO_MASK, Attention, KeyValues
from stages.models.forward.packing import PackedRows
from stages.models.forward.sharing import SharedPrefix, common_beginnings

TRIED = ((2, 3, 4, 5, 6, 7), (2, 3, 4, 5, 7, 6, 3), (5, 4, 3, 2, 6))
"""Token ids of the rows with which a decoder is tried."""
SAME = 1e-6
"""Relative difference of hidden states below which a row is said not to depend on another."""
ROUNDED = {torch.float32: 1e-5, torch.bfloat16: 0.03, torch.float16: 0.005}
"""Relative differences that rounding explains, by data type."""
UNPACKABLE = (TypeError, ValueError, RuntimeError, AttributeError, IndexError, KeyError)
"""What decoders raise if they cannot take packed rows."""
STEPS_UNCHECKED = {"cpu": 1}
"""By device, the number of tokens that are generated between two searches for the ends of answers. Elsewhere, a search
waits for the device, so it is rarer there."""
RARELY = 8


@dataclass(frozen=True)
class LanguageModel:
    """A causal decoder with its embedding and head.

    Attributes
    ----------
    decoder : transformers.PreTrainedModel
        Without its head; takes ``inputs_embeds``.
    embed, head : callable
        From token ids int64[...] to float[..., D], and from float[n, D] to logits float[n, V].
    arguments : callable
        From token ids int64[R, n] to further arguments that the decoder needs for them.
    """

    decoder: Any
    embed: Callable[[torch.Tensor], torch.Tensor]
    head: Callable[[torch.Tensor], torch.Tensor]
    arguments: Callable[[torch.Tensor], Mapping[str, torch.Tensor]]

    @cached_property
    @torch.inference_mode()
    def packs(self) -> bool:
        """Whether packed rows have the hidden states that they have by themselves."""
        try:
            packed, changed = self.trial(), self.trial([TRIED[0], [2, 3, 4, 5, 6, 2, 2], [6, 2, 7, 3, 3]])
        except UNPACKABLE:
            return False
        padded = self._run_rows(TRIED, SharedPrefix.none(len(TRIED)), self._padded_hidden)
        first = len(TRIED[0])  # whose hidden states no other row may change
        return _close(packed[:first], changed[:first], SAME) and _close(packed, padded, ROUNDED[padded.dtype])

    @torch.inference_mode()
    def trial(self, tokens: Sequence[Sequence[int]] = TRIED) -> torch.Tensor:
        """Return the hidden states of packed rows, of which the first two share their beginning; see `TRIED`."""
        return self._run_rows(tokens, common_beginnings(tokens, [0, 0, 1], [3, 3, 3]), self._packed_hidden)

    def share(self, tokens: Sequence[Sequence[int]], sounds: Sequence[str], least: Sequence[int]) -> SharedPrefix:
        """Find the beginnings that rows share, if this decoder can make use of them; see `common_beginnings`."""
        return common_beginnings(tokens, sounds, least) if self.packs else SharedPrefix.none(len(tokens))

    def hidden(self, ids: torch.Tensor, embedded: torch.Tensor, rows: PackedRows) -> torch.Tensor:
        """Return the last hidden layer of packed rows.

        Parameters
        ----------
        ids : int64[T]
        embedded : float[T, D]
            The embeddings of `ids`, with sounds in the places of audio tokens.
        rows : PackedRows

        Returns
        -------
        float[T, D]
        """
        return (self._packed_hidden if self.packs else self._padded_hidden)(ids, embedded, rows)

    def greedy(
        self, ids: Sequence[torch.Tensor], embedded: Sequence[torch.Tensor], rules: AnswerRules
    ) -> list[list[int]]:
        """Continue prompts with the most probable tokens.

        Parameters
        ----------
        ids : sequence of int64[n]
            Prompts; n >= 1.
        embedded : sequence of float[n, D]
        rules : AnswerRules
            The returned ids do not contain a token that ends an answer.
        """
        if self.packs:
            return self._packed_greedy(ids, embedded, rules)
        answers: dict[int, list[int]] = {}
        for length in sorted({len(of_row) for of_row in ids}):  # padding would enter a recurrent state
            rows = [at for at, of_row in enumerate(ids) if len(of_row) == length]
            prompts = torch.stack([ids[at] for at in rows]), torch.stack([embedded[at] for at in rows])
            answers |= zip(rows, self._cached_greedy(*prompts, rules), strict=True)
        return [answers[at] for at in range(len(ids))]

    def _packed_hidden(self, ids: torch.Tensor, embedded: torch.Tensor, rows: PackedRows) -> torch.Tensor:
        return self._attended(ids, embedded, rows.positions, rows)

    def _padded_hidden(self, ids: torch.Tensor, embedded: torch.Tensor, rows: PackedRows) -> torch.Tensor:
        more = self.arguments(rows.padded(ids))
        made = self.decoder(inputs_embeds=rows.padded(embedded), use_cache=False, **more)
        return rows.packed(made.last_hidden_state)

    def _attended(
        self, ids: torch.Tensor, embedded: torch.Tensor, positions: torch.Tensor, packing: Attention
    ) -> torch.Tensor:
        """Run the decoder over one sequence, T tokens, whose attention `packing` computes."""
        made = self.decoder(
            inputs_embeds=embedded[None],
            attention_mask=embedded.new_zeros(NO_MASK),
            position_ids=positions[None],
            use_cache=False,
            packing=packing,
            **self.arguments(ids[None]),
        )
        hidden: torch.Tensor = made.last_hidden_state[0]
        return hidden

    def _packed_greedy(
        self, ids: Sequence[torch.Tensor], embedded: Sequence[torch.Tensor], rules: AnswerRules
    ) -> list[list[int]]:
        device, lengths, max_tokens = embedded[0].device, [len(of_row) for of_row in ids], rules.max_tokens
        rows = PackedRows(lengths, SharedPrefix.none(len(lengths)), device)
        rows.kept = held = KeyValues(torch.tensor(lengths, device=device), max_tokens)
        hidden = self._packed_hidden(torch.cat(list(ids)), torch.cat(list(embedded)), rows)
        last = hidden[torch.tensor([own.stop - 1 for own in rows.own], device=device)]
        answers: list[list[int]] = [[] for _ in lengths]
        running, choice = list(range(len(lengths))), _Choice(ids, rules)
        unchecked: list[torch.Tensor] = []
        steps = STEPS_UNCHECKED.get(device.type, RARELY)
        for step in range(1, max_tokens + 1):
            best = choice.best(self.head(last))
            unchecked.append(best)
            if step % steps == 0 or step == max_tokens:
                going = _extended(answers, running, torch.stack(unchecked, 1).tolist(), rules.ends)
                if not going or step == max_tokens:
                    break
                unchecked = []
                if len(going) < len(running):
                    chosen = torch.tensor(going, device=device)
                    held.keep(chosen)
                    choice.keep(going)
                    best = best[chosen]
                    running = [running[at] for at in going]
            last = self._attended(best, self.embed(best), held.lengths, held)
            held.advance()
        return answers

    def _cached_greedy(self, ids: torch.Tensor, embedded: torch.Tensor, rules: AnswerRules) -> list[list[int]]:
        """Continue prompts of one length, int64[R, n] and float[R, n, D], with the decoder's cache, if any."""
        answers: list[list[int]] = [[] for _ in ids]
        running, cache, choice = set(range(len(ids))), None, _Choice(list(ids), rules)
        for _ in range(rules.max_tokens):
            made = self.decoder(inputs_embeds=embedded, past_key_values=cache, use_cache=True, **self.arguments(ids))
            best, cache = choice.best(self.head(made.last_hidden_state[:, -1])), getattr(made, "past_key_values", None)
            running = {at for at in running if int(best[at]) not in rules.ends}
            for at in running:
                answers[at].append(int(best[at]))
            if not running:
                break
            new = best[:, None], self.embed(best)[:, None]
            ids, embedded = (
                new if cache is not None else (torch.cat([ids, new[0]], 1), torch.cat([embedded, new[1]], 1))
            )
        return answers

    def _run_rows(
        self,
        tokens: Sequence[Sequence[int]],
        shared: SharedPrefix,
        run: Callable[[torch.Tensor, torch.Tensor, PackedRows], torch.Tensor],
    ) -> torch.Tensor:
        """Return the hidden states of all positions of some rows, one row after the other."""
        device = next(self.decoder.parameters()).device
        rows = PackedRows([len(row) for row in tokens], shared, device)
        ids = packed_ids(tokens, shared, rows).to(device)
        hidden = run(ids, self.embed(ids), rows)
        places = [place for at, row in enumerate(tokens) for place in rows.places(at, range(len(row)))]
        return hidden[torch.tensor(places, device=device)]


def packed_ids(tokens: Sequence[Sequence[int]], shared: SharedPrefix, rows: PackedRows) -> torch.Tensor:
    """Return the token ids of packed rows in their order in the sequence, int64[T]."""
    ids = torch.empty(max(own.stop for own in rows.own), dtype=torch.int64)
    for at, own in enumerate(rows.own):
        if own:
            ids[own.start : own.stop] = torch.tensor(tokens[at][shared.lengths[at] :])
    return ids


class _Choice:
    """Chooses the next token of running rows, under the rules that the checkpoint states.

    Parameters
    ----------
    prompts : sequence of int64[n]
    rules : AnswerRules
    """

    def __init__(self, prompts: Sequence[torch.Tensor], rules: AnswerRules) -> None:
        self._rules: list[Any] = [rules.processors(len(ids), str(ids.device)) for ids in prompts]
        self._said = list(prompts) if any(self._rules) else []  # a row's tokens so far, if a rule reads them

    def best(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the chosen tokens int64[R], given the logits float[R, V]."""
        if not self._said:
            return logits.argmax(-1)
        of_rows = zip(self._rules, self._said, logits.float(), strict=True)
        ruled = torch.cat([rules(said[None], of_row[None]) for rules, said, of_row in of_rows])
        best = ruled.argmax(-1)
        self._said = [torch.cat([said, token[None]]) for said, token in zip(self._said, best, strict=True)]
        return best

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all rows except the given ones."""
        self._rules = [self._rules[at] for at in rows]
        self._said = [self._said[at] for at in rows] if self._said else []


def _extended(
    answers: list[list[int]], running: Sequence[int], made: Sequence[Sequence[int]], ends: Collection[int]
) -> list[int]:
    """Add new tokens to the answers of running rows; return the indices, in `running`, of those that go on."""
    going = []
    for at, (row, tokens) in enumerate(zip(running, made, strict=True)):
        length = next((number for number, token in enumerate(tokens) if token in ends), len(tokens))
        answers[row] += tokens[:length]
        if length == len(tokens):
            going.append(at)
    return going


def _close(one: torch.Tensor, other: torch.Tensor, tolerance: float) -> bool:
    return bool((one.float() - other.float()).norm() <= tolerance * other.float().norm())
