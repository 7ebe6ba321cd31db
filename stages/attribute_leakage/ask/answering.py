"""Ask the target, and only what the row cache misses: free answers, and options as forced answers.

Free: the target's own greedy answer, which has no temperature, no seed and no penalty, broken off after a stated
number of tokens. Constrained: the log-probability of each option as the whole answer, with the token that ends it.

A row depends on the sound, the prompt, the decoding, the target and the code that runs it. What fails is not kept, so
that it is asked again in the next run, and costs no other row: its batch is asked again one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import torch

from stages.attribute_leakage.ask.heard import NamedSound
from stages.core.sound.audio import Samples
from stages.core.store.rowcache import RowCache
from stages.models.adapter import OWN_ONLY, Adapter, Query

FREE_ROW = pa.schema([("text", pa.string())])
FORCED_ROW = pa.schema([("log_probability", pa.float64()), ("tokens", pa.int32())])
LONGEST_REASON = 200


@dataclass(frozen=True)
class Request:
    """What is put to the target once.

    Attributes
    ----------
    heard : NamedSound
    instruction, system : str
    text : str
        The answer that is forced; blank for a free one.
    """

    heard: NamedSound
    instruction: str
    system: str
    text: str = ""

    @property
    def length(self) -> int:
        """How many characters stand before the answer."""
        return len(self.system) + len(self.instruction)

    def parts(self) -> list[str]:
        """Return what the row depends on, beside target, decoding and code."""
        return [self.heard.audio_hash, self.system, self.instruction, self.text]


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes
    ----------
    text : str or None
        Of a free answer; None where the target failed.
    log_probability : float
        Of a forced one, summed over its tokens, in nats; NaN where the target failed.
    tokens : int
    failure : str or None
    """

    text: str | None = None
    log_probability: float = float("nan")
    tokens: int = 0
    failure: str | None = None


Run = Callable[[Sequence[Request]], list[Reply]]


def free_run(adapter: Adapter, sound_of: Callable[[NamedSound], Samples], max_tokens: int) -> Run:
    """Return what asks a batch for greedy answers."""

    def run(requests: Sequence[Request]) -> list[Reply]:
        queries = [_query(request, sound_of) for request in requests]
        texts = adapter.generate(queries, max_tokens)
        return [
            Reply(text, failure=_why_empty(adapter, query) if not text else None)
            for query, text in zip(queries, texts, strict=True)
        ]

    return run


def forced_run(adapter: Adapter, sound_of: Callable[[NamedSound], Samples]) -> Run:
    """Return what asks a batch for the log-probabilities of given answers."""

    def run(requests: Sequence[Request]) -> list[Reply]:
        rows = adapter.reduced([_query(request, sound_of) for request in requests], ["transcript"], _log_probability)
        return [
            Reply(failure=row.failure)
            if row.failure is not None
            else Reply(log_probability=float(values.double().sum()), tokens=len(values))
            for row in rows
            for values in [row.statistics["transcript"]["logprob"]]
        ]

    return run


def replies(
    cache: RowCache, requests: Mapping[str, Request], run: Callable[[], Run], batch_size: int
) -> dict[str, Reply]:
    """Return the reply to every request, by its key.

    Parameters
    ----------
    cache : RowCache
        Of `FREE_ROW` or `FORCED_ROW`.
    requests : mapping of str to Request
        By key, those about one sound next to each other.
    run : callable
        Loads the target, if it is not there yet, and returns what asks it.
    batch_size : int
    """
    # Of like length, so that little of a batch is padding; options of one prompt stay beside each other and share it.
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
    """Ask a batch; if the target fails on it, ask one by one, so that what fails is found and nothing else is lost."""
    try:
        return run(requests)
    except Exception as error:
        if len(requests) == 1:
            return [Reply(failure=why(error))]
        return [reply for request in requests for reply in _survived(run, [request])]


def why(error: Exception) -> str:
    """Return what an error is, in one line."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:LONGEST_REASON]}"


def _query(request: Request, sound_of: Callable[[NamedSound], Samples]) -> Query:
    heard = request.heard
    return Query(sound_of(heard), heard.audio_hash, request.instruction, request.text, request.system)


def _why_empty(adapter: Adapter, query: Query) -> str | None:
    """Return why a closed model gave no answer, which is no empty answer; None for any other model."""
    if adapter.statistics is None:
        return None
    failure = adapter.reduced([query], ["transcript"], _log_probability)[0].failure
    return None if failure == OWN_ONLY else failure


def _log_probability(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}
