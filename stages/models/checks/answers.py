"""Check by its answers that audio reaches a model that gives no log-probabilities.

The model transcribes spoken sentences. Its answers to other sentences, and to silence, must differ more than two
answers to the same sentence do: many services do not answer twice alike. Answers that do not change do not show that
the model is deaf, as it may not transcribe at all. Such a model is refused, not recorded as one that audio does not
reach.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jiwer import process_words
from numpy.typing import NDArray

from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import NO_LOGPROBS
from stages.core.sound.audio import Samples, audio_hash
from stages.models.adapter import TRANSCRIBE, Adapter, Query
from stages.models.checks.spoken.sentences import spoken_sentences

TOKENS = 32
"""Largest number of tokens of an answer."""


def answer_effect(adapter: Adapter) -> dict[str, float]:
    """Measure how much other audio changes a model's answers.

    Returns
    -------
    dict of str to float
        Mean share of words that change when the audio is ``swapped`` with another sentence, or ``silent``, less the
        share that changes when the same question is asked again. All are above 0.

    Raises
    ------
    EarwitnessError
        If an answer is refused, or if the answers do not depend on the sound.
    """
    sounds = [sentence.samples for sentence in spoken_sentences()]
    own, again = _answers(adapter, sounds), _answers(adapter, sounds)
    silent = _answers(adapter, [np.zeros_like(sounds[0])]) * len(sounds)
    noise = _changed(own, again)
    others = {"swapped": [*own[1:], own[0]], "silent": silent}
    effect = {name: _beyond(_changed(own, answers), noise) for name, answers in others.items()}
    if alike := [name for name, change in effect.items() if change <= 0]:
        raise EarwitnessError(
            f"the target cannot be checked: it {NO_LOGPROBS}, and its answers do not depend on the sound "
            f"({' and '.join(alike)} audio changes them no more than asking again does): see whether it transcribes"
        )
    return effect


def _answers(adapter: Adapter, sounds: Sequence[Samples]) -> list[str]:
    queries = [Query(sound, audio_hash(sound), TRANSCRIBE, "") for sound in sounds]
    answers = adapter.answers(queries, TOKENS)
    if None in answers:
        refused = queries[answers.index(None)]
        failure = adapter.reduced([refused], ["transcript"], lambda logits, token_ids: {})[0].failure
        raise EarwitnessError(f"the target cannot be checked: it {failure}")
    return [answer or "" for answer in answers]


def _changed(answers: Sequence[str], others: Sequence[str]) -> NDArray[np.float64]:
    """Return the share of words that differ between each two answers, in [0, 1]."""
    return np.array([_distance(*pair) for pair in zip(answers, others, strict=True)], np.float64)


def _distance(one: str, other: str) -> float:
    words, others = (re.findall(r"\w+", text.lower()) for text in (one, other))
    if not words or not others:
        return float(words != others)
    found = process_words(" ".join(words), " ".join(others))
    return float((found.substitutions + found.deletions + found.insertions) / max(len(words), len(others)))


def _beyond(changed: NDArray[np.float64], noise: NDArray[np.float64]) -> float:
    """Return how much more changes than by asking again, at least 0.

    Where the same question gets other answers, two standard errors of the difference do not count.
    """
    spread = np.std(changed - noise, ddof=1) / np.sqrt(len(changed)) if noise.any() else 0.0
    return max(float(np.mean(changed - noise) - 2 * spread), 0.0)
