"""Find out, by a few questions, what log-probabilities a served model gives and how many alternatives it allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stages.core.sound.audio import RATE, audio_hash
from stages.models.adapter import TRANSCRIBE, Query
from stages.models.served.answers import without_logprobs
from stages.models.served.client import Question
from stages.models.served.fields import Field, Refused
from stages.models.served.questions import question_of

TOP = 20
"""Number of most probable tokens requested at each position of an answer: the most that common servers give."""
OF_PROMPTS = (2, 1, 0)
"""Numbers of most probable tokens to request at each position of a prompt, the best first."""
_TOKENS = 8
_REFUSING = frozenset({400, 413, 422})
"""Statuses with which servers refuse a value."""

Ask = Callable[[Question], Field]


@dataclass(frozen=True)
class Abilities:
    """What a server gives.

    Attributes
    ----------
    of_prompts : int or None
        Number of most probable tokens beside each token of a prompt; None if prompts are not scored.
    scores : bool
        Whether the server gives the log-probabilities of its own answers. Not asked if prompts are scored.
    top : int or None
        Number of alternatives beside each token of an answer; None if the server refuses to name any.
    """

    of_prompts: int | None
    scores: bool = True
    top: int | None = TOP

    def of_answers(self) -> dict[str, object]:
        """Return the options of a question whose answer is to be scored; none if it cannot be, or need not be."""
        if self.of_prompts is not None or not self.scores:
            return {}
        return {"logprobs": True} if self.top is None else {"logprobs": True, "top_logprobs": self.top}


def find_abilities(ask: Ask, served: str) -> Abilities:
    """Ask a server about a second of noise.

    Parameters
    ----------
    ask : callable
        Sends a question.
    served : str
        The model's name at the endpoint.
    """
    samples = (0.05 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    query = Query(samples, audio_hash(samples), TRANSCRIBE, "")
    question = question_of(served, query, 1)
    for number in OF_PROMPTS:
        try:
            made = ask({**question, "prompt_logprobs": number})
        except Refused as refused:
            if refused.status not in _REFUSING:
                break
        else:
            if made.known("prompt_logprobs") is not None:
                return Abilities(number)
            break
    return _of_own_answers(ask, question_of(served, query, _TOKENS))


def _of_own_answers(ask: Ask, question: Question) -> Abilities:
    """Return what a server gives that scores no prompts."""
    try:
        made = ask({**question, "logprobs": True, "top_logprobs": TOP})
    except Refused as refused:
        if refused.status not in _REFUSING:
            return Abilities(None)
        return _after_refusal(ask, question, str(refused))
    return Abilities(None, scores=not _lacks(made))


def _after_refusal(ask: Ask, question: Question, words: str) -> Abilities:
    """Return what a server gives that refuses `TOP` alternatives.

    If it refuses the question without log-probabilities too, or answers it with them when asked again, the alternatives
    were not the reason.
    """

    def accepts(**options: object) -> bool:
        try:
            return not _lacks(ask({**question, **options}))
        except Refused:
            return False

    if accepts(logprobs=True, top_logprobs=0):
        return Abilities(None, top=_most(lambda number: accepts(logprobs=True, top_logprobs=number), words))
    if accepts(logprobs=True):
        return Abilities(None, top=None)
    return Abilities(None, scores=not (_answers(ask, question) and not accepts(logprobs=True)))


def _answers(ask: Ask, question: Question) -> bool:
    """Return whether a server answers a question as it is."""
    try:
        ask(question)
    except Refused:
        return False
    return True


def _most(accepts: Callable[[int], bool], words: str) -> int:
    """Return the largest number below `TOP` that a server accepts, where it accepts 0.

    Its message often states the number, which is then tried first.
    """
    low, high = 0, TOP  # accepted, refused
    stated = [number for number in map(int, re.findall(r"\b\d{1,2}\b", words)) if 0 < number < TOP]
    for number in (number for last in reversed(stated) for number in (last, last + 1)):
        if low < number < high:
            low, high = (number, high) if accepts(number) else (low, number)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if accepts(middle) else (low, middle)
    return low


def _lacks(made: Field) -> bool:
    """Return whether an answer shows that there are no log-probabilities; one that is not usable shows nothing."""
    try:
        return without_logprobs(made) is True
    except Refused:
        return False
