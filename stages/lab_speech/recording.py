"""From planned clips to encoded ones, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stages.core.run.randomness import generator
from stages.core.sound.audio import encode_flac
from stages.lab_speech.conditions import record
from stages.lab_speech.params import RecordingCondition
from stages.lab_speech.plan import LabClip
from stages.lab_speech.synthesis import speak_block

BLOCK = 50
"""Number of clips that one synthesiser process speaks. Another number gives other sounds."""


def blocks(clips: Sequence[LabClip]) -> Iterator[Sequence[LabClip]]:
    """Cut clips into blocks of `BLOCK`; the last may be shorter."""
    for start in range(0, len(clips), BLOCK):
        yield clips[start : start + BLOCK]


def record_block(
    clips: Sequence[LabClip], conditions: Mapping[str, RecordingCondition], seed: int
) -> list[tuple[str, bytes]]:
    """Synthesise a block and apply each clip's recording condition: pairs of clip_id and FLAC bytes."""
    speech = speak_block([(clip.text, clip.voice) for clip in clips])
    return [
        (
            clip.clip_id,
            encode_flac(record(sound, conditions[clip.condition], generator(seed, "lab_speech", "noise", clip.like))),
        )
        for clip, sound in zip(clips, speech, strict=True)
    ]
