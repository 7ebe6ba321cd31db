"""Eight short English sentences, spoken by two voices of the lab's synthesiser, as FLAC files beside this module.

They are files, so that no target's record depends on the synthesiser. None is longer than 2.7 s, because the lab's
targets hear 4 s. The voices are British (variants Male4 and Female2, 150 words per minute, pitch and formants
unchanged). They were chosen because the smallest released recogniser at hand understands them: of twelve voices,
Whisper tiny.en had 4 to 27 % of these words wrong. Made by
``speak_block([(TEXTS[number], Voice("", "English (Great Britain)", variant, 1.0, 150, 1.0, "", "", ""))])``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.core.sound.audio import Samples, decode_flac

TEXTS = (
    "The weather was fine on Monday.",
    "Good morning, how are you today?",
    "We will meet at the station tomorrow.",
    "The children are playing in the garden.",
    "Please bring me a glass of water.",
    "My brother lives in a small town.",
    "He bought a new house last summer.",
    "They walked along the river in the evening.",
)


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence and its sound, float32[n] at 16 kHz."""

    text: str
    samples: Samples


def spoken_sentences() -> list[SpokenSentence]:
    """Return the sentences with their sounds, in the order of `TEXTS`."""
    folder = Path(__file__).parent
    return [
        SpokenSentence(text, decode_flac((folder / f"sentence_{number}.flac").read_bytes()))
        for number, text in enumerate(TEXTS)
    ]
