"""Turn replies into rows of `answers.parquet`. Every reply has exactly one of four outcomes, and none is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stages.attribute_leakage.ask.answering import Reply
from stages.attribute_leakage.ask.condition import CONDITIONS
from stages.attribute_leakage.ask.plan import Ask
from stages.attribute_leakage.read.parsing import NAMED, UNPARSED, Reading, read_answer

CORRECT, WRONG = "correct", "wrong"
OUTCOMES = (CORRECT, WRONG, "refused", UNPARSED)
"""Outcomes of a question about a clip. Silence has no label, so its outcome is `NAMED` instead of correct or wrong."""
FREE, CONSTRAINED = "free", "constrained"

Judge = Callable[[Ask, str], Reading]
"""From a question and an answer that the rules cannot read to the reading of another model."""


def free_row(ask: Ask, system: str, reply: Reply, synonyms: Mapping[str, Sequence[str]], judge: Judge | None) -> Any:
    """Return the row of a free answer. If the target fails, the answer is unparsed; if the judge fails, it stays so."""
    reading = Reading(UNPARSED) if reply.failure else read_answer(reply.text, ask.options, synonyms)
    asked_judge = judge is not None and reading.kind == UNPARSED and bool((reply.text or "").strip())
    if judge is not None and asked_judge:
        reading = judge(ask, reply.text or "")
    return _common(ask, FREE, system) | {
        "text": reply.text,
        "log_probabilities": None,
        "tokens": None,
        "answer": reading.option,
        "by_mean": None,
        "outcome": _outcome(reading, ask.label),
        "judged": asked_judge,
        "failure": reply.failure,
    }


def constrained_row(ask: Ask, system: str, forced: Sequence[Reply]) -> dict[str, Any]:
    """Return the row of a constrained answer; `forced` is in the order of ``ask.options``.

    The answer is the option with the highest summed log-probability: of all texts that are options, it is the one that
    the target is most likely to say. The mean per token is stored too (``by_mean``). It is not used for the answer,
    because it depends on how the tokenizer splits the options, and it favours long options, whose last tokens are
    nearly certain. A tie is no answer.

    After reasoning, each option was scored together with the reasoning, which all options share. The highest
    log-probability is therefore subtracted from all of them. Tokens and means would include the reasoning, so they are
    null.
    """
    reasons = CONDITIONS[ask.condition].reasons
    failure = next((reply.failure for reply in forced if reply.failure), None)
    sums = [reply.log_probability for reply in forced]
    means = [reply.log_probability / max(reply.tokens, 1) for reply in forced]
    answer = None if failure else _highest(ask.options, sums)
    return _common(ask, CONSTRAINED, system) | {
        "text": None,
        "log_probabilities": None if failure else [value - max(sums) if reasons else value for value in sums],
        "tokens": None if failure or reasons else [reply.tokens for reply in forced],
        "answer": answer,
        "by_mean": None if failure or reasons else _highest(ask.options, means),
        "outcome": _outcome(Reading(NAMED, answer) if answer else Reading(UNPARSED), ask.label),
        "judged": False,
        "failure": failure,
    }


def _common(ask: Ask, way: str, system: str) -> dict[str, Any]:
    return {
        "clip_id": ask.clip_id,
        "attribute": ask.attribute,
        "condition": ask.condition,
        "way": way,
        "options": list(ask.options),
        "system": system if ask.prompt.system else "",
        "label": ask.label,
    }


def _outcome(reading: Reading, label: str | None) -> str:
    if reading.kind != NAMED or label is None:
        return reading.kind
    return CORRECT if reading.option == label else WRONG


def _highest(options: Sequence[str], values: Sequence[float]) -> str | None:
    """Return the option with the highest value; None for a tie and where a value is not a number."""
    best = [option for option, value in zip(options, values, strict=True) if value == max(values)]
    return best[0] if len(best) == 1 and all(value == value for value in values) else None
