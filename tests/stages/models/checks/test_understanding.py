"""A model that understands speech is told from one that does not; what is no text, and no vocabulary, is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE
from stages.models.adapter import Query
from stages.models.checks.scoring import log_probability
from stages.models.checks.spoken.sentences import spoken_sentences
from stages.models.checks.understanding import require_text, understanding, word_edits
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.models.record import SpokenCheck


def test_an_untrained_model_is_described_and_not_stopped(adapter: Qwen2AudioAdapter) -> None:
    found = understanding(adapter)
    assert (found.sentences, found.scored) == (8, 8)
    assert found.word_error_rate > 0.9
    assert found.right_text_gain is not None
    assert abs(found.right_text_gain) < 0.2
    assert found == understanding(adapter)


def test_a_released_model_understands(released_whisper: Path) -> None:
    found = understanding(load_checkpoint(released_whisper.as_posix(), LoadOptions()))
    assert found.word_error_rate < 0.1
    assert found.right_text_gain is not None
    assert found.right_text_gain > 2


def test_answers_that_are_text_or_nothing_pass() -> None:
    for answers in (["", ""], ["<|audio_bos|>", "So it was."], ["!", ""], ["a < b > c"]):
        require_text(answers)


def test_special_tokens_alone_are_no_answer() -> None:
    with pytest.raises(EarwitnessError, match=r"no text, such as '<\|audio_bos\|><\|audio_bos\|>'"):
        require_text(["", "<|audio_bos|><|audio_bos|>", " <|audio_eos|>"])


def test_a_model_that_answers_with_special_tokens_is_refused(
    adapter: Qwen2AudioAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def emit(queries: Sequence[Query], max_tokens: int) -> list[str]:
        return ["<|audio_bos|>" * max_tokens for _ in queries]

    monkeypatch.setattr(adapter, "generate", emit)
    with pytest.raises(EarwitnessError, match="special tokens and no text"):
        understanding(adapter)


def test_logits_of_another_vocabulary_are_named() -> None:
    with pytest.raises(EarwitnessError, match="logits of 5 tokens, and its tokenizer has one numbered 7"):
        log_probability(torch.zeros(2, 5), torch.tensor([1, 7]))


@pytest.mark.parametrize(
    ("truth", "answer", "edits"),
    [
        ("It's fine, today.", "its fine today", (1, 3)),
        ("Good morning!", " GOOD, morning", (0, 2)),
        ("Good morning.", "", (2, 2)),
        ("Good.", "Good good good", (2, 1)),
    ],
)
def test_word_edits_ignore_case_and_punctuation(truth: str, answer: str, edits: tuple[int, int]) -> None:
    assert word_edits(truth, answer) == edits


def test_sentences_fit_the_labs_window_and_are_heard() -> None:
    for sentence in spoken_sentences():
        assert 1 < len(sentence.samples) / RATE < 4
        assert 0.1 < abs(sentence.samples).max() <= 1


def test_a_record_says_what_was_not_scored() -> None:
    assert SpokenCheck(sentences=8, scored=6, word_error_rate=0.055, right_text_gain=-0.5).words() == (
        "word error rate 6 % on 8 spoken sentences; right text 0.50 nats per token less likely than another "
        "sentence's; 2 sentences not scored: it gives log-probabilities that are not numbers"
    )
    assert SpokenCheck(sentences=8, scored=0, word_error_rate=1, right_text_gain=None).words() == (
        "word error rate 100 % on 8 spoken sentences"
    )
