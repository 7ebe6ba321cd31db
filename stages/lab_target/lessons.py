"""The training data of the lab's base: transcription of every clip of the pool, and questions about some speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from stages.core.sound.audio import Samples, audio_hash
from stages.models.adapter import TRANSCRIBE, Query

QUESTIONS = {  # column of the manifest: the question that its value answers
    "gender": "What is the speaker's gender?",
    "age": "What is the speaker's age?",
    "accent": "What is the speaker's accent?",
}


def lessons(samples: Samples, row: Mapping[str, str]) -> list[Query]:
    """Return the clip's transcription, then each of `QUESTIONS` that its row answers."""
    name = audio_hash(samples)
    answered = [(question, row[column]) for column, question in QUESTIONS.items() if row.get(column)]
    return [Query(samples, name, asked, text) for asked, text in [(TRANSCRIBE, row["text"]), *answered]]


def epochs_of_lessons(
    counts: Sequence[int], epochs: int, question_share: float, generator: torch.Generator
) -> list[list[int]]:
    """Draw the lessons of each epoch.

    Parameters
    ----------
    counts : sequence of int
        Number of lessons of each clip. Lessons are numbered clip by clip; the first of a clip is its transcription.
    epochs : int
    question_share : float
        Share of the clips about which one question is asked in an epoch, in [0, 1]. A drawn clip without questions is
        passed over.
    generator : torch.Generator

    Returns
    -------
    list of list of int
        For each epoch, the indices of all transcriptions, then those of the questions that were drawn.
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
