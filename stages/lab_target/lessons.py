"""What the lab's base is taught: to transcribe every clip of the pool, and to tell who speaks in some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from stages.core.sound.audio import Samples, audio_hash
from stages.models.adapter import TRANSCRIBE, Query

QUESTIONS = {  # column of the manifest: question, which its value answers
    "gender": "What is the speaker's gender?",
    "age": "What is the speaker's age?",
    "accent": "What is the speaker's accent?",
}


def lessons(samples: Samples, row: Mapping[str, str]) -> list[Query]:
    """Return a clip's transcription, then one question each of `QUESTIONS` that its row answers."""
    name = audio_hash(samples)
    answered = [(question, row[column]) for column, question in QUESTIONS.items() if row.get(column)]
    return [Query(samples, name, asked, text) for asked, text in [(TRANSCRIBE, row["text"]), *answered]]


def epochs_of_lessons(
    counts: Sequence[int], epochs: int, question_share: float, generator: torch.Generator
) -> list[list[int]]:
    """Draw what is taught in each epoch.

    Parameters
    ----------
    counts : sequence of int
        Lessons of each clip, laid out one clip after the other; the first of a clip is its transcription.
    epochs : int
    question_share : float
        Share of the clips about which one question is asked in an epoch, in [0, 1].
    generator : torch.Generator

    Returns
    -------
    list of list of int
        An epoch each: the indices of every transcription, then of the questions drawn for it.
    """
    starts = [sum(counts[:clip]) for clip in range(len(counts))]
    asked = round(question_share * len(counts))
    drawn = []
    for _ in range(epochs):
        clips = torch.randperm(len(counts), generator=generator)[:asked].tolist()
        which = torch.rand(asked, generator=generator).tolist()
        questions = [
            starts[clip] + 1 + int(u * (counts[clip] - 1))
            for clip, u in zip(clips, which, strict=True)
            if counts[clip] > 1
        ]
        drawn.append([*starts, *questions])
    return drawn
