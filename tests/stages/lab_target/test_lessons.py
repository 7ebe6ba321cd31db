"""What the base is taught in each epoch."""

from __future__ import annotations

import numpy as np
import torch

from stages.lab_target.lessons import QUESTIONS, epochs_of_lessons, lessons
from stages.models.adapter import TRANSCRIBE

ROW = {"text": "Anna.", "gender": "female", "age": "adult", "accent": "scottish"}
SILENCE = np.zeros(1600, np.float32)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def test_a_clip_is_transcribed_and_asked_about() -> None:
    made = [(query.instruction, query.text) for query in lessons(SILENCE, ROW)]
    assert made[0] == (TRANSCRIBE, "Anna.")
    assert made[1:] == [(QUESTIONS[column], ROW[column]) for column in ("gender", "age", "accent")]


def test_what_a_row_does_not_say_is_not_asked() -> None:
    assert len(lessons(SILENCE, {"text": "Anna.", "age": ""})) == 1


def test_every_epoch_has_all_transcriptions_and_its_share_of_questions() -> None:
    epochs = epochs_of_lessons([4, 4, 4, 4], 3, 0.5, generator())
    assert len(epochs) == 3
    for epoch in epochs:
        assert epoch[:4] == [0, 4, 8, 12]
        assert len(epoch) == 6
        assert all(row % 4 for row in epoch[4:])
        assert len({row // 4 for row in epoch[4:]}) == 2


def test_all_questions_are_drawn_in_time() -> None:
    drawn = {row for epoch in epochs_of_lessons([4, 4], 60, 1.0, generator()) for row in epoch[2:]}
    assert drawn == {1, 2, 3, 5, 6, 7}


def test_clips_without_questions_are_only_transcribed() -> None:
    assert epochs_of_lessons([1, 1], 1, 1.0, generator()) == [[0, 1]]
