"""What is told about speakers, in words."""

from typing import get_args

from stages.core.results.leakage import LeakageCode, LeakageReason, LeakFinding
from stages.core.words.leakage import LEAKS, SENTENCES, sentences


def test_every_finding_has_words_and_every_code_a_sentence() -> None:
    assert set(LEAKS) == set(get_args(LeakFinding))
    assert set(SENTENCES) == set(get_args(LeakageCode))


def test_a_reason_by_hand() -> None:
    reason = LeakageReason.of("told", condition="direct", way="free", share=0.944, clips=192, chance=0.5)
    assert sentences([reason]) == ["direct, free: 0.94 of 192 clips are answered correctly (by chance 0.50)"]
