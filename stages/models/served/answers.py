"""How the answer of a served model is read: its text, and the log-probability of each of its tokens.

A log-probability is used only if it is a finite number and if the tokens spell the answer. A server that reports
reasoning among the tokens (sglang#25055), or a minus infinity, would otherwise be scored by something else than its
answer.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from stages.models.served.fields import Field, Refused
from stages.models.served.spelling import CONTROL, sound_token, spells
from stages.models.served.words import one_line

CLAMPED = -9999.0
"""What vLLM writes in place of minus infinity."""
_ROUNDING = 1e-3
"""Largest log-probability above 0 that counts as rounding."""


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
    """The endpoint's answer.

    Attributes
    ----------
    text : str
        Empty if the endpoint refuses the question.
    tokens : sequence of Token
        Those that spell the text.
    failure : str or None
        The reason why there are no tokens, as in "it gives no log-probabilities".
    answered : bool
        Whether the text is an answer, which may be empty.
    """

    text: str
    tokens: Sequence[Token]
    failure: str | None = None
    answered: bool = True


def own_answer(made: Field, *, scored: bool) -> Answer:
    """Read the endpoint's own answer.

    Parameters
    ----------
    made : Field
        The whole answer.
    scored : bool
        Whether log-probabilities were requested. If they are not usable, the answer keeps its text and says why.

    Raises
    ------
    Refused
        If there is no text, with the field that is not as it should be.
    """
    choices = made.need("choices").items()
    if not choices:
        raise Refused("gives no choices[0]")
    text = _text(choices[0])
    if not scored:
        return Answer(text, [])
    try:
        return Answer(text, _spelling_tokens(choices[0], text))
    except Refused as refused:
        return Answer(text, [], str(refused))


def without_logprobs(made: Field) -> bool | None:
    """Return whether an answer has a text but no log-probabilities; None if it has no text, which tells nothing."""
    answer = own_answer(made, scored=False)
    if not answer.text:
        return None
    choice = made.need("choices").items()[0]
    told = choice.known("logprobs")
    return told is None or not _places(told)


def _text(choice: Field) -> str:
    """Return the text of an answer; it may come in parts."""
    message = choice.need("message")
    content = message.known("content")
    if content is None or content.value in ("", []):
        _refuse_empty(choice, message)
        return ""
    text = "".join(map(_part, content.items())) if isinstance(content.value, list) else content.text()
    if found := sound_token(text):
        raise Refused(f"answers with tokens of sound, not with text ({found})")
    if not CONTROL.sub("", text).strip():
        raise Refused(f"answers with control tokens alone, not with text ({one_line(text)[:40]})")
    return text


def _part(part: Field) -> str:
    """Return the text of one part of a content."""
    kind = part.need("type").text()
    if kind == "refusal":
        raise Refused(f"refuses to answer{_said(part.known('refusal'))}")
    if kind not in ("text", "output_text"):
        raise Refused(f"gives {part.path} of type {kind!r}, not text")
    return part.need("text").text()


def _refuse_empty(choice: Field, message: Field) -> None:
    """Raise the reason why an answer has no text; an answer may also be empty without one."""
    if message.known("refusal") is not None:
        raise Refused(f"refuses to answer{_said(message.known('refusal'))}")
    stopped = choice.known("finish_reason")
    if stopped is not None and stopped.value == "content_filter":
        raise Refused("refuses to answer (choices[0].finish_reason is content_filter)")
    for key in ("reasoning_content", "reasoning", "audio", "tool_calls", "function_call"):
        found = message.known(key)
        if found is not None and found.value:
            raise Refused(f"gives {found.path} in place of a text")
    if isinstance(message.value, dict) and "content" not in message.value:
        raise Refused(f"gives no {message.path}.content")


def _said(words: Field | None) -> str:
    said = one_line(str(words.value)) if words is not None else ""
    return f" ({said})" if said else ""


def _spelling_tokens(choice: Field, text: str) -> list[Token]:
    """Return the tokens of an answer without the one that ends it."""
    told = choice.known("logprobs")
    if told is None:
        raise Refused("gives no log-probabilities (choices[0].logprobs is not there)")
    places = _places(told)
    if not places and text:
        raise Refused(f"gives no log-probabilities ({told.path} holds no tokens)")
    names = [place.need("token").text() for place in places]
    if found := next(filter(None, map(sound_token, names)), None):
        raise Refused(f"answers with tokens of sound, not with text ({found})")
    count = spells([_bytes(place) for place in places], names, text)
    if count is None:
        where = told.path if told.known("content") is None else f"{told.path}.content"
        raise Refused(f"gives {where} whose tokens spell another text than its answer")
    return [_own_token(place) for place in places[:count]]


def _places(told: Field) -> list[Field]:
    """Return the fields of an answer's tokens, also of those in the form of OpenAI's older completions."""
    content = told.known("content")
    if content is not None:
        return content.items()
    names, values = told.known("tokens"), told.known("token_logprobs")
    if names is None or values is None:
        return []
    tokens, logprobs = names.items(), values.items()
    if len(tokens) != len(logprobs):
        raise Refused(f"gives {values.path} of {len(logprobs)} numbers for {len(tokens)} tokens")
    top = told.known("top_logprobs")
    others = top.items() if top is not None else []
    return [
        Field({"token": token.value, "logprob": logprob.value, "top_logprobs": _alternatives(others, at)}, logprob.path)
        for at, (token, logprob) in enumerate(zip(tokens, logprobs, strict=True))
    ]


def _alternatives(others: Sequence[Field], at: int) -> list[dict[str, object]]:
    """Return the alternatives at one position of the older form, in the newer one."""
    if at >= len(others) or others[at].value is None:
        return []
    return [{"token": token, "logprob": field.value} for token, field in others[at].entries().items()]


def _bytes(place: Field) -> bytes | None:
    told = place.known("bytes")
    if told is None:
        return None
    values = [item.whole() for item in told.items()]
    if any(value > 255 for value in values):
        raise told.unfit("no bytes")
    return bytes(values)


def _own_token(place: Field) -> Token:
    logprob = finite_logprob(place.need("logprob"))
    listed = place.known("top_logprobs")
    top = sorted((any_logprob(other.need("logprob")) for other in (listed.items() if listed else [])), reverse=True)
    name = _bytes(place) or place.need("token").text().encode()
    return Token(
        token_id=zlib.crc32(name) & 0x7FFFFFFF,
        logprob=logprob,
        rank=1.0 + sum(other > logprob for other in top) if top and logprob >= top[-1] else math.nan,
        gap=top[0] - top[1] if len(top) > 1 else math.nan,
        hit=float(logprob >= top[0]) if top else math.nan,
    )


def finite_logprob(field: Field) -> float:
    """Return a log-probability that is a finite number, at most 0."""
    value = any_logprob(field)
    if math.isinf(value):
        raise Refused(f"gives {field.path} that is not finite: {field.value}")
    return min(value, 0.0)


def any_logprob(field: Field) -> float:
    """Return a log-probability, minus infinity for an impossible token."""
    value = field.number()
    if value > _ROUNDING:
        raise field.unfit("above 0 and no log-probability")
    return -math.inf if value <= CLAMPED else value
