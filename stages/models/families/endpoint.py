"""A closed model behind an OpenAI-compatible endpoint: chat with audio.

A closed model gives no logits. For its own answers it may give the log-probability of each token and of the most
probable alternatives (VL-MIA uses GPT-4 in this way, arXiv 2411.02902). For a given transcript it gives them only if it
serves vLLM's ``prompt_logprobs``. So only the statistics in `EndpointAdapter.statistics` exist, only for the transcript
slice, and there are no embeddings. A model that gives no log-probabilities at all can still be audited by its answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import torch

from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import NO_LOGPROBS, OWN_ONLY
from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced, family
from stages.models.forward.parts import LONGEST
from stages.models.options import LoadOptions
from stages.models.served.abilities import Abilities, find_abilities
from stages.models.served.answers import Answer, own_answer
from stages.models.served.batches import BatchClient
from stages.models.served.client import Client, Question
from stages.models.served.fields import Field, Refused
from stages.models.served.prompts import Prefix, given_answer, prefix_of
from stages.models.served.questions import answered, question_of

AT_ONCE = 8
"""Number of questions sent in parallel."""
KEPT = 4096
"""Number of answers, and of prompt prefixes, kept in memory."""
AnswerKey = tuple[str, str, str]
"""Sound hash, system text and instruction: the key of a remembered answer."""
Entry = TypeVar("Entry")


class Remote(torch.nn.Module):
    """Takes the place of the model in other adapters. It has no weights and is on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(model_type="endpoint")
        self.nothing = torch.nn.Parameter(torch.empty(0), requires_grad=False)


@family("endpoint")
class EndpointAdapter(Adapter):
    """A served model. What it can do is found out by a few questions when it is taken up.

    Parameters
    ----------
    client : Client or BatchClient
    served : str
        The model's name at the endpoint.
    """

    statistics = frozenset({"logprob", "rank", "gap", "hit"})
    window_seconds = LONGEST
    system_turn = True

    def __init__(self, client: Client | BatchClient, served: str) -> None:
        self.model = Remote()
        self._client = client
        self._served = served
        self._answers: OrderedDict[AnswerKey, Answer] = OrderedDict()
        self._prefixes: OrderedDict[AnswerKey, Prefix] = OrderedDict()
        self._able: Abilities = find_abilities(client.ask, served)
        self.forces = self._able.of_prompts is not None
        self.scores = self.forces or self._able.scores

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> EndpointAdapter:
        """Connect to an endpoint, given its address with the model's name after ``#``."""
        address, _, served = str(source).partition("#")
        client = Client(address.rstrip("/"))
        if options.requests == "batch":
            return cls(BatchClient(client, f"{served}\n{options.revision}"), served)
        return cls(client, served)

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
        return [answer or "" for answer in self.answers(queries, max_tokens)]

    def answers(self, queries: Sequence[Query], max_tokens: int) -> list[str | None]:
        """Return greedy answers and remember their tokens; None where the endpoint refuses the question."""
        found = self._together(lambda query: self._answer(query, max_tokens), queries)
        return [answer.text if answer.answered else None for answer in found]

    def save(self, folder: Path) -> None:
        """Refuse, because only the owner of a closed model has its weights."""
        raise EarwitnessError("a closed model cannot be saved")

    def ahead(self, run: Callable[[], object]) -> None:
        """Ask what `run` will ask by batches, if the endpoint is asked so; see `Adapter.ahead`."""
        if isinstance(self._client, BatchClient):
            self._client.ahead(run)

    def _together(self, ask: Callable[[Query], Answer], queries: Sequence[Query]) -> list[Answer]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(ask, queries))

    def _answer(self, query: Query, max_tokens: int) -> Answer:
        """Request the endpoint's own answer and remember it."""
        options = self._able.of_answers()
        question = question_of(self._served, query, max_tokens, **options)
        try:
            answer = own_answer(self._client.ask(question), scored=bool(options))
        except Refused as refused:
            answer = Answer("", [], str(refused), answered=False)
        _remember(self._answers, _key(query), answer)
        return answer

    def _own(self, query: Query) -> Answer:
        """Return the remembered answer of the endpoint, if its text is the query's; no question is sent."""
        known = self._answers.get(_key(query))
        if not self.scores and (known is None or known.answered):
            return Answer(query.text, [], NO_LOGPROBS)
        if known is None or (known.answered and known.text != query.text):
            return Answer(query.text, [], OWN_ONLY)
        return known

    def _scored(self, query: Query) -> Answer:
        """Score a given text as the end of the prompt."""
        if not query.text:
            return self._empty(query)
        question = question_of(self._served, query, 1, return_token_ids=True)
        scoring = {**answered(question, query.text), "prompt_logprobs": self._able.of_prompts}
        try:
            made, prefix = self._both(scoring, query)
            return given_answer(made, prefix, query.text)
        except Refused as refused:
            return Answer(query.text, [], str(refused))

    def _both(self, scoring: Question, query: Query) -> tuple[Field, Prefix]:
        """Ask for the scores of a prompt and for its prefix; for the prefix also where the first fails, for batches."""
        try:
            made = self._client.ask(scoring)
        except Refused:
            self._prefix(query)
            raise
        return made, self._prefix(query)

    def _empty(self, query: Query) -> Answer:
        """Score an empty text: no tokens, with the failure of the endpoint's own answer if that was refused."""
        known = self._answers.get(_key(query))
        return Answer("", [], known.failure if known is not None else None)

    def _prefix(self, query: Query) -> Prefix:
        """Return the prompt before an answer."""
        key = _key(query)
        if key not in self._prefixes:
            made = self._client.ask(question_of(self._served, query, 1, return_token_ids=True))
            _remember(self._prefixes, key, prefix_of(made))
        return self._prefixes[key]


def _key(query: Query) -> AnswerKey:
    return query.audio_hash, query.system, query.instruction


def _remember(memory: OrderedDict[AnswerKey, Entry], key: AnswerKey, value: Entry) -> None:
    memory[key] = value
    while len(memory) > KEPT:
        memory.popitem(last=False)


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
