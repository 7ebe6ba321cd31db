"""A closed model behind an OpenAI-compatible endpoint: chat with audio.

A closed model gives no logits. For its own answers it gives the log-probability of each token and of the most probable
alternatives (VL-MIA uses GPT-4 in this way, arXiv 2411.02902). For a given transcript it gives them only if it serves
vLLM's ``prompt_logprobs``. So only the statistics in `EndpointAdapter.statistics` exist, only for the transcript slice,
and there are no embeddings.
"""

from __future__ import annotations

import base64
import io
import math
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile
import torch

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, to_pcm16
from stages.models.adapter import OWN_ONLY, TRANSCRIBE, Adapter, Forced, Query, Reduce, Reduced, family
from stages.models.chat_client import Client, Refused
from stages.models.forward.parts import LONGEST
from stages.models.options import LoadOptions

TOP = 20
"""Number of most probable tokens requested at each position of an answer: the most that common servers give."""
AT_ONCE = 8
"""Number of questions sent in parallel."""
KEPT = 4096
"""Number of answers, and of prompt lengths, kept in memory."""
Asked = tuple[str, str, str]
"""Sound hash, system text and instruction: the key of a remembered answer."""


@dataclass(frozen=True)
class Token:
    """One scored token; NaN marks values that the endpoint does not report.

    Attributes
    ----------
    token_id : int
        The endpoint's own id. If it gives none, the CRC-32 of the token's bytes without the highest bit.
    logprob, rank, gap, hit : float
        As `stages.logits.statistics` defines them.
    """

    token_id: int
    logprob: float
    rank: float
    gap: float
    hit: float


@dataclass(frozen=True)
class Answer:
    """The endpoint's answer: a text with its scored tokens, or the reason why there is none."""

    text: str
    tokens: Sequence[Token]
    failure: str | None = None


class Remote(torch.nn.Module):
    """Takes the place of the model in other adapters. It has no weights and is on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(model_type="endpoint")
        self.nothing = torch.nn.Parameter(torch.empty(0), requires_grad=False)


@family("endpoint")
class EndpointAdapter(Adapter):
    """A served model.

    Parameters
    ----------
    client : Client
    served : str
        The model's name at the endpoint.
    """

    statistics = frozenset({"logprob", "rank", "gap", "hit"})
    window_seconds = LONGEST
    system_turn = True

    def __init__(self, client: Client, served: str) -> None:
        self.model = Remote()
        self._client = client
        self._served = served
        self._answers: OrderedDict[Asked, Answer] = OrderedDict()
        self._lengths: OrderedDict[Asked, int] = OrderedDict()
        self.forces = self._scores_prompts()

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> EndpointAdapter:
        """Connect to an endpoint, given its address with the model's name after ``#``."""
        address, _, served = str(source).partition("#")
        return cls(Client(address.rstrip("/")), served)

    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Refuse, because a closed model gives no logits."""
        raise EarwitnessError("a closed model gives no logits: ask for its statistics")

    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Return the statistics that the endpoint's answers contain; `reduce` is not used. See `Adapter.reduced`.

        If the endpoint gives nothing usable for a row, the row has no tokens and its `failure` states the reason. If
        `forces` is False, the same holds for a text that is not the endpoint's own answer.
        """
        answers = self._together(self._scored if self.forces else self._own, queries)
        return [_reduced(answer, slices) for answer in answers]

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Refuse, because only the owner of a closed model can train it."""
        raise EarwitnessError("a closed model cannot be trained: name another base in params.yaml: copies")

    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers and remember their tokens; an answer is empty if the endpoint refuses the question."""
        return [answer.text for answer in self._together(lambda query: self._answer(query, max_tokens), queries)]

    def save(self, folder: Path) -> None:
        """Refuse, because only the owner of a closed model has its weights."""
        raise EarwitnessError("a closed model cannot be saved")

    def _together(self, ask: Callable[[Query], Answer], queries: Sequence[Query]) -> list[Answer]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(ask, queries))

    def _question(self, query: Query, max_tokens: int, text: str | None = None, **more: Any) -> dict[str, Any]:
        sound = {"type": "input_audio", "input_audio": {"data": _wav(query), "format": "wav"}}
        user = [sound, {"type": "text", "text": query.instruction}]
        messages: list[dict[str, Any]] = [{"role": "system", "content": query.system}] if query.system else []
        messages.append({"role": "user", "content": user})
        if text is not None:
            messages.append({"role": "assistant", "content": text})
            more |= {"add_generation_prompt": False, "continue_final_message": True}
        return {"model": self._served, "messages": messages, "temperature": 0, "max_tokens": max_tokens, **more}

    def _answer(self, query: Query, max_tokens: int) -> Answer:
        """Request the endpoint's own answer and remember it."""
        question = self._question(query, max_tokens, logprobs=True, top_logprobs=TOP)
        try:
            answer = _own_answer(self._client.ask(question))
        except Refused as refused:
            answer = Answer("", [], str(refused))
        _remember(self._answers, _asked(query), answer)
        return answer

    def _own(self, query: Query) -> Answer:
        """Return the remembered answer of the endpoint, if its text is the query's; no question is sent."""
        known = self._answers.get(_asked(query))
        if known is None or (known.failure is None and known.text != query.text):
            return Answer(query.text, [], OWN_ONLY)
        return known

    def _scored(self, query: Query) -> Answer:
        """Score a given text as the end of the prompt."""
        if not query.text:
            return self._empty(query)
        try:
            made = self._client.ask(self._question(query, 1, query.text, prompt_logprobs=2))
            places = made.get("prompt_logprobs")
            if not isinstance(places, list):
                raise Refused("gives no prompt_logprobs")
            scored = places[self._length(query) :]
            if not scored:
                raise Refused("scores a prompt without its transcript")
            return Answer(query.text, [_given_token(place) for place in scored])
        except Refused as refused:
            return Answer(query.text, [], str(refused))

    def _empty(self, query: Query) -> Answer:
        """Score an empty text: no tokens, with the failure of the endpoint's own answer if that was refused."""
        known = self._answers.get(_asked(query))
        return Answer("", [], known.failure if known is not None else None)

    def _length(self, query: Query) -> int:
        """Return the number of tokens before an answer."""
        key = _asked(query)
        if key not in self._lengths:
            usage = self._client.ask(self._question(query, 1)).get("usage")
            if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
                raise Refused("does not tell the length of a prompt")
            _remember(self._lengths, key, usage["prompt_tokens"])
        return self._lengths[key]

    def _scores_prompts(self) -> bool:
        """Find out once whether given texts can be scored; other servers ignore or refuse the option."""
        query = Query(np.zeros(RATE, np.float32), "", TRANSCRIBE, "")
        try:
            made = self._client.ask(self._question(query, 1, prompt_logprobs=2))
        except Refused:
            return False
        return isinstance(made.get("prompt_logprobs"), list)


def _asked(query: Query) -> Asked:
    return query.audio_hash, query.system, query.instruction


def _wav(query: Query) -> str:
    buffer = io.BytesIO()
    soundfile.write(buffer, to_pcm16(query.samples), RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(buffer.getvalue()).decode()


def _remember(memory: OrderedDict[Asked, Any], key: Asked, value: Any) -> None:
    memory[key] = value
    while len(memory) > KEPT:
        memory.popitem(last=False)


def _own_answer(made: dict[str, Any]) -> Answer:
    try:
        choice = made["choices"][0]
        text, places = str(choice["message"]["content"] or ""), choice["logprobs"]["content"]
        return Answer(text, [_own_token(place) for place in places])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Refused("answers without a text and its log-probabilities") from error


def _own_token(place: dict[str, Any]) -> Token:
    logprob = float(place["logprob"])
    top = sorted((float(other["logprob"]) for other in place.get("top_logprobs") or []), reverse=True)
    name = bytes(place["bytes"]) if place.get("bytes") else str(place["token"]).encode()
    return Token(
        token_id=zlib.crc32(name) & 0x7FFFFFFF,
        logprob=logprob,
        rank=1.0 + sum(other > logprob for other in top) if top and logprob >= top[-1] else math.nan,
        gap=top[0] - top[1] if len(top) > 1 else math.nan,
        hit=float(logprob >= top[0]) if top else math.nan,
    )


def _given_token(place: Any) -> Token:
    """Read one position of vLLM's ``prompt_logprobs``: by token id, the prompt's own first, then the most probable."""
    try:
        token_id, own = next(iter(place.items()))
        by_rank = {int(other["rank"]): float(other["logprob"]) for other in place.values()}
        gap = by_rank[1] - by_rank[2] if {1, 2} <= by_rank.keys() else math.nan
        return Token(int(token_id), float(own["logprob"]), float(own["rank"]), gap, float(own["rank"] == 1))
    except (AttributeError, StopIteration, KeyError, TypeError, ValueError) as error:
        raise Refused("gives prompt_logprobs of an unknown form") from error


def _reduced(answer: Answer, slices: Sequence[str]) -> Reduced:
    names = sorted(EndpointAdapter.statistics)
    of_slice = {name: answer.tokens if name == "transcript" else [] for name in slices}
    return Reduced(
        {slice_: torch.tensor([token.token_id for token in tokens]).long() for slice_, tokens in of_slice.items()},
        {
            slice_: {name: torch.tensor([getattr(token, name) for token in tokens]).float() for name in names}
            for slice_, tokens in of_slice.items()
        },
        torch.empty(0),
        torch.empty(0),
        0.0,
        answer.failure,
    )
