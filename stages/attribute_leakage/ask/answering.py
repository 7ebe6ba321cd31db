"""Ask the target for free answers and for forced answers (the options). Only rows that the cache lacks are computed.

Free: the target's own answer by greedy decoding, without temperature, seed or penalty, cut off after a fixed number of
tokens. Constrained: the log-probability of each option as the whole answer, with the token that ends it.

A row depends on the sound, the prompt, the decoding, the target and the code that runs it. A request that fails is not
kept, so it is asked again in the next run. It costs no other row: the requests of its batch are asked again one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import torch

from stages.attribute_leakage.ask.heard import NamedSound
from stages.core.schemas.failures import LASTING
from stages.core.sound.audio import Samples
from stages.core.store.rowcache import RowCache
from stages.models.adapter import Adapter, Query

FREE_ROW = pa.schema([("text", pa.string())])
FORCED_ROW = pa.schema([("log_probability", pa.float64()), ("tokens", pa.int32())])
LONGEST_REASON = 200


@dataclass(frozen=True)
class Request:
    """One input to the target.

    Attributes
    ----------
    heard : NamedSound
    instruction, system : str
    text : str
        The forced answer; blank for a free answer.
    """

    heard: NamedSound
    instruction: str
    system: str
    text: str = ""

    @property
    def length(self) -> int:
        """The number of characters before the answer."""
        return len(self.system) + len(self.instruction)

    def parts(self) -> list[str]:
        """Return what the row depends on besides target, decoding and code."""
        return [self.heard.audio_hash, self.system, self.instruction, self.text]


@dataclass(frozen=True)
class Reply:
    """The target's answer to a request, or the reason why there is none.

    Attributes
    ----------
    text : str or None
        The free answer; None for a forced answer and where the target crashed.
    log_probability : float
        Of the forced answer, summed over its tokens, in nats; NaN for a free answer and where the target failed.
    tokens : int
        Number of tokens of the forced answer.
    failure : str or None
        The error, where the target failed.
    """

    text: str | None = None
    log_probability: float = float("nan")
    tokens: int = 0
    failure: str | None = None


Run = Callable[[Sequence[Request]], list[Reply]]


def free_run(adapter: Adapter, sound_of: Callable[[NamedSound], Samples], max_tokens: int) -> Run:
    """Return a function that asks the target for the greedy answers to a batch."""

    def run(requests: Sequence[Request]) -> list[Reply]:
        queries = [_query(request, sound_of) for request in requests]
        texts = adapter.generate(queries, max_tokens)
        return [
            Reply(text, failure=_why_empty(adapter, query) if not text else None)
            for query, text in zip(queries, texts, strict=True)
        ]

    return run


def forced_run(adapter: Adapter, sound_of: Callable[[NamedSound], Samples]) -> Run:
    """Return a function that computes the log-probabilities of a batch of forced answers."""

    def run(requests: Sequence[Request]) -> list[Reply]:
        rows = adapter.reduced([_query(request, sound_of) for request in requests], ["transcript"], _log_probability)
        return [
            Reply(failure=failure)
            if failure is not None
            else Reply(log_probability=float(values.double().sum()), tokens=len(values))
            for row in rows
            for failure, values in [(row.why_unscored("transcript"), row.statistics["transcript"]["logprob"])]
        ]

    return run


def replies(
    cache: RowCache, requests: Mapping[str, Request], run: Callable[[], Run], batch_size: int
) -> dict[str, Reply]:
    """Return the reply to every request, by its key.

    Parameters
    ----------
    cache : RowCache
        Its schema is `FREE_ROW` or `FORCED_ROW`.
    requests : mapping of str to Request
        By key. Requests about one sound stand next to each other.
    run : callable
        Loads the target if it is not loaded yet, and returns the function that asks it.
    batch_size : int
    """
    # Prompts of one batch have similar lengths, so that little of it is padding. The sort is stable: the options of one
    # prompt stay next to each other and can share its forward pass.
    absent = sorted(cache.missing(requests), key=lambda key: requests[key].length)
    failed: dict[str, Reply] = {}
    for start in range(0, len(absent), batch_size):
        batch = absent[start : start + batch_size]
        made = dict(zip(batch, _survived(run(), [requests[key] for key in batch]), strict=True))
        kept = {key: reply for key, reply in made.items() if reply.failure is None}
        columns = [[getattr(reply, name) for reply in kept.values()] for name in cache.schema.names[1:]]
        cache.append(list(kept), pa.table(dict(zip(cache.schema.names[1:], columns, strict=True))))
        failed |= {key: reply for key, reply in made.items() if reply.failure is not None}
    there = [key for key in requests if key not in failed]
    return failed | {key: Reply(**row) for key, row in zip(there, cache.rows(there).to_pylist(), strict=True)}


def _survived(run: Run, requests: Sequence[Request]) -> list[Reply]:
    """Ask a batch. If the target fails on it, ask one by one: only the requests that fail are then lost."""
    try:
        return run(requests)
    except Exception as error:
        if len(requests) == 1:
            return [Reply(failure=why(error))]
        return [reply for request in requests for reply in _survived(run, [request])]


def why(error: Exception) -> str:
    """Return an error's type and the start of its message, in one line."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:LONGEST_REASON]}"


def _query(request: Request, sound_of: Callable[[NamedSound], Samples]) -> Query:
    heard = request.heard
    return Query(sound_of(heard), heard.audio_hash, request.instruction, request.text, request.system)


def _why_empty(adapter: Adapter, query: Query) -> str | None:
    """Return why a closed model gave no answer; None if its answer is really empty, and for any other model."""
    if adapter.statistics is None:
        return None
    failure = adapter.reduced([query], ["transcript"], _log_probability)[0].failure
    return None if failure in LASTING else failure


def _log_probability(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}
