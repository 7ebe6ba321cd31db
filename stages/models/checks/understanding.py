"""Check that a model understands speech: it transcribes spoken sentences, and prefers the right text to another one.

The hearing check asks only whether sound changes the likelihood. A model that hears noise, such as one with features
of another kind than it was trained with, passes it. The figures here say what such a model lacks. They stop nothing: an
untrained model, one for another language and one that only answers questions do badly too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jiwer import process_words

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import audio_hash
from stages.models.adapter import TRANSCRIBE, Adapter, Query
from stages.models.checks.scoring import answer_scores
from stages.models.checks.spoken.sentences import spoken_sentences
from stages.models.record import SpokenCheck

TOKENS = 64
"""Largest number of tokens of a transcript: enough for each sentence where characters are tokens."""
MARKS = re.compile(r"<[^<>\s]*>|\[[A-Z_]+\]")
"""A special token in writing, such as ``<|audio_bos|>``."""


def understanding(adapter: Adapter) -> SpokenCheck:
    """Measure the word error rate on spoken sentences, and how much likelier the right text is than another one.

    Raises
    ------
    EarwitnessError
        If the answers consist of special tokens in writing.
    """
    sentences = spoken_sentences()
    queries = [
        Query(sentence.samples, audio_hash(sentence.samples), TRANSCRIBE, sentence.text) for sentence in sentences
    ]
    answers = adapter.generate(queries, TOKENS)
    require_text(answers)
    edits, words = np.sum([word_edits(query.text, said) for query, said in zip(queries, answers, strict=True)], axis=0)
    gain = _gain(adapter, queries) if adapter.forces else np.full(len(queries), np.nan)
    known = np.isfinite(gain)
    return SpokenCheck(
        sentences=len(queries),
        scored=int(known.sum()),
        word_error_rate=round(float(edits / words), 4),
        right_text_gain=round(float(gain[known].mean()), 4) if known.any() else None,
    )


def require_text(answers: Sequence[str]) -> None:
    """Check that answers are not special tokens alone. Empty answers pass: some models say nothing.

    Raises
    ------
    EarwitnessError
        If no answer holds anything else, and one holds special tokens.
    """
    marked = [answer for answer in answers if MARKS.search(answer)]
    if marked and not any(MARKS.sub("", answer).strip() for answer in answers):
        raise EarwitnessError(
            f"the target answers with special tokens and no text, such as {marked[0][:40]!r}: check its chat template "
            "and its processor, or the server's version"
        )


def word_edits(truth: str, answer: str) -> tuple[int, int]:
    """Return the least number of words to insert, delete or replace, and the number of words of `truth`.

    Case and punctuation do not count.
    """
    right, said = (re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower()) for text in (truth, answer))
    found = process_words(" ".join(right), " ".join(said))
    return found.substitutions + found.deletions + found.insertions, len(right)


def _gain(adapter: Adapter, queries: Sequence[Query]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return by how many nats per token each sound's own text is likelier than the next sound's.

    Every text is once right and once wrong, so that a likely text does not count in favour of a model. NaN where a
    log-probability is not a number.
    """
    texts = [query.text for query in queries]
    wrong = [replace(query, text=text) for query, text in zip(queries, [*texts[1:], texts[0]], strict=True)]
    # Both texts of a sound stand next to each other, so that a family can encode the sound once.
    pairs = [query for pair in zip(queries, wrong, strict=True) for query in pair]
    scores = answer_scores(adapter, pairs).reshape(-1, 2)
    return np.asarray(scores[:, 0] - scores[:, 1])
