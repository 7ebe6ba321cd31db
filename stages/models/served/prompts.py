"""How vLLM's scores of a prompt are read: the log-probability of each token of a given answer at its end.

vLLM's form, as its OpenAI-compatible server writes it: ``prompt_logprobs`` has one entry for each token of the prompt,
placeholders of sound included. The first entry is null. Every other entry maps token ids, written as text, to
``logprob``, ``rank`` and ``decoded_token``: the prompt's own token, and the most probable ones. The own token comes
first; versions before 0.8 wrote it last, or by its rank. With ``return_token_ids`` the answer also has
``prompt_token_ids``, of the same length (versions before 0.10 ignore that key).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile

from stages.models.served.answers import Answer, Token, any_logprob, finite_logprob
from stages.models.served.fields import LARGEST, Field, Refused
from stages.models.served.spelling import spelled
from stages.models.served.words import one_line


@dataclass(frozen=True)
class Prefix:
    """The prompt before an answer.

    Attributes
    ----------
    length : int
        Its number of tokens, placeholders of sound included.
    token_ids : tuple of int or None
        None if the server does not give them.
    """

    length: int
    token_ids: tuple[int, ...] | None


def prefix_of(made: Field) -> Prefix:
    """Read the length of the prompt to which a server has answered."""
    length = made.need("usage").need("prompt_tokens").whole()
    return Prefix(length, _prompt_ids(made, length))


def given_answer(made: Field, prefix: Prefix, text: str) -> Answer:
    """Read the scores of a given answer, which ends the prompt.

    The tokens after the prefix must spell the text, without regard to white space: a chat template may strip an
    answer, or write something else before it than it writes before an answer of the model's own.

    Raises
    ------
    Refused
        If the scores are not there, or are not those of the text; the message names the field.
    """
    places = made.need("prompt_logprobs").items()
    ids = _prompt_ids(made, len(places))
    start = _start(prefix, ids)
    if start >= len(places):
        raise Refused(f"scores a prompt without its transcript (prompt_logprobs ends after {len(places)} tokens)")
    whole = [place.entries() for place in places[start:]]
    _refuse_old_order(whole, ids)
    names = [str(token) for token in ids[start:]] if ids else [next(iter(entries), "") for entries in whole]
    own = [_own(place, entries, name) for place, entries, name in zip(places[start:], whole, names, strict=True)]
    pieces = [entry.known("decoded_token") for entry in own]
    if None not in pieces:
        found = [piece.text() for piece in pieces if piece is not None]
        if not spelled(found, text):
            raise Refused(f"scores other tokens than the transcript's ({one_line(''.join(found))[:60]})")
    tokens = [_token(name, entry, entries) for name, entry, entries in zip(names, own, whole, strict=True)]
    return Answer(text, tokens)


def _prompt_ids(made: Field, length: int) -> tuple[int, ...] | None:
    """Return the ids of a prompt's tokens; None if the server does not give as many as it counts."""
    told = made.known("prompt_token_ids")
    ids = tuple(item.whole() for item in told.items()) if told is not None else ()
    return ids if len(ids) == length else None


def _start(prefix: Prefix, ids: tuple[int, ...] | None) -> int:
    """Return the place of the first token of the answer.

    A tokenizer may join the end of the prefix with the beginning of the answer; the joined token is then the first.

    Raises
    ------
    Refused
        If more of the prefix is missing: the chat template writes something else before a given answer.
    """
    if ids is None or prefix.token_ids is None:
        return prefix.length
    common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(prefix.token_ids, ids, strict=False))))
    if common < prefix.length - 1:
        raise Refused(
            f"scores a given answer after another prompt than its own: the chat template's last "
            f"{prefix.length - common} tokens before an answer differ"
        )
    return common


def _refuse_old_order(whole: list[dict[str, Field]], ids: tuple[int, ...] | None) -> None:
    """Refuse entries whose own token is not known: one that is not among the best stands last in old versions."""
    if ids is not None:
        return
    for entries in whole:
        for at, entry in enumerate(entries.values()):
            rank = entry.known("rank")
            if at and rank is not None and rank.whole() > max(len(entries) - 1, 1) > 1:
                raise Refused(f"gives {entry.path} after more probable tokens, as old versions of vLLM do: update it")


def _own(place: Field, entries: dict[str, Field], name: str) -> Field:
    if name not in entries:
        raise Refused(f"gives {place.path} without the prompt's own token{f' {name}' if name else ''}")
    return entries[name]


def _token(name: str, own: Field, entries: dict[str, Field]) -> Token:
    if not name.isdecimal() or int(name) >= LARGEST:
        raise Refused(f"gives {own.path}, which is no token id")
    logprob = finite_logprob(own.need("logprob"))
    ranks = {entry_name: entry.known("rank") for entry_name, entry in entries.items()}
    by_rank = {
        rank.whole(): any_logprob(entries[key].need("logprob")) for key, rank in ranks.items() if rank is not None
    }
    own_rank = ranks[name]
    rank = float(own_rank.whole()) if own_rank is not None else math.nan
    gap = by_rank[1] - by_rank[2] if {1, 2} <= by_rank.keys() else math.nan
    return Token(int(name), logprob, rank, gap, float(rank == 1) if own_rank is not None else math.nan)
