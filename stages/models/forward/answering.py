"""The rules that a checkpoint states for generation, and a cross-attending decoder's greedy answers under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    ForcedEOSTokenLogitsProcessor,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from stages.core.errors import EarwitnessError


@dataclass(frozen=True)
class AnswerRules:
    """What decides a greedy answer beside the model.

    Attributes
    ----------
    settings : transformers.GenerationConfig
        The checkpoint's own. Sampling and beams are ignored.
    ends : tuple of int
        Tokens that end an answer.
    max_tokens : int
        Largest number of tokens of an answer.
    positions : int or None
        Largest number of tokens that the decoder takes, prefix included; None if it takes any number.
    """

    settings: Any
    ends: tuple[int, ...]
    max_tokens: int
    positions: int | None = None

    def steps(self, prefix: int) -> int:
        """Return the largest number of tokens after a prefix; the last one needs no position of its own."""
        return self.max_tokens if self.positions is None else min(self.max_tokens, self.positions - prefix + 1)

    def processors(self, prefix: int, device: str) -> LogitsProcessorList:
        """Return what `transformers` applies to the logits of each step, in its order, after so long a prefix."""
        of, ends = self.settings, list(self.ends)  # settings are None for a model without any

        def stated(name: str) -> Any:
            return getattr(of, name, None)

        made: list[Any] = []
        if (stated("repetition_penalty") or 1.0) != 1.0:
            made.append(RepetitionPenaltyLogitsProcessor(of.repetition_penalty))
        if stated("no_repeat_ngram_size"):
            made.append(NoRepeatNGramLogitsProcessor(of.no_repeat_ngram_size))
        if stated("bad_words_ids"):
            made.append(NoBadWordsLogitsProcessor(of.bad_words_ids, ends))
        if stated("min_length"):
            made.append(MinLengthLogitsProcessor(of.min_length, ends, device=device))
        if stated("min_new_tokens"):
            made.append(MinNewTokensLengthLogitsProcessor(prefix, of.min_new_tokens, ends, device=device))
        if stated("forced_eos_token_id") is not None:
            made.append(ForcedEOSTokenLogitsProcessor(prefix + self.max_tokens, of.forced_eos_token_id, device=device))
        if stated("suppress_tokens"):
            made.append(SuppressTokensLogitsProcessor(of.suppress_tokens, device=device))
        if stated("begin_suppress_tokens"):
            made.append(SuppressTokensAtBeginLogitsProcessor(of.begin_suppress_tokens, prefix, device=device))
        return LogitsProcessorList(made)


def special_ids(model: Any, *names: str) -> tuple[int, ...]:
    """Return the special tokens that a checkpoint states under the first of the names that it has.

    Raises
    ------
    EarwitnessError
        If it has none.
    """
    places = (model.generation_config, model.config, model.config.get_text_config(decoder=True))
    for name in names:
        for found in (getattr(place, name, None) for place in places):
            if found is not None:
                return tuple(found) if isinstance(found, list | tuple) else (int(found),)
    raise EarwitnessError(f"{model.name_or_path}: generation_config.json states no {names[0]}: add it there")


@torch.inference_mode()
def greedy_answers(
    decoder: Any,
    head: Callable[[torch.Tensor], torch.Tensor],
    states: torch.Tensor,
    prefixes: Sequence[Sequence[int]],
    rules: AnswerRules,
) -> list[list[int]]:
    """Continue each prefix with the decoder's most probable tokens.

    Rows that have ended are removed once they are half of the rows, because removing rows copies their caches.

    Parameters
    ----------
    decoder : transformers.PreTrainedModel
        Takes token ids, ``encoder_hidden_states`` and ``past_key_values``.
    head : callable
        From float[rows, d] to logits float[rows, V].
    states : float[rows, n, d]
        The encoded sounds, all equally long.
    prefixes : sequence of sequence of int
        All equally long.
    rules : AnswerRules

    Returns
    -------
    list of list of int
        Without the token that ends an answer.
    """
    ids = torch.tensor([list(prefix) for prefix in prefixes], device=states.device)
    start = ids.shape[1]
    processors: Any = rules.processors(start, str(states.device))
    answers: list[list[int]] = [[] for _ in prefixes]
    places = list(range(len(prefixes)))  # the answer of each row of the batch
    running, cache = set(places), None
    for _ in range(rules.steps(start)):
        new = ids if cache is None else ids[:, -1:]
        made = decoder(new, encoder_hidden_states=states, past_key_values=cache, use_cache=True)
        cache, states = made.past_key_values, states[:1]  # its keys and values are kept; only its length is read again
        best = processors(ids, head(made.last_hidden_state[:, -1]).float()).argmax(-1)
        for place, token in zip(places, best.tolist(), strict=True):
            if token in rules.ends:
                running.discard(place)
            elif place in running:
                answers[place].append(token)
        if not running:
            break
        ids = torch.cat([ids, best[:, None]], 1)
        if 2 * len(running) <= len(places):
            kept = torch.tensor([at for at, place in enumerate(places) if place in running], device=states.device)
            ids = ids[kept]
            cache.batch_select_indices(kept)
            places = [places[at] for at in kept.tolist()]
    return answers
