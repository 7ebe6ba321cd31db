"""Which rows run together."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from stages.core.sound.audio import RATE, encode_flac
from stages.core.sound.clips import FlacSound
from stages.logits import batching
from stages.logits.batching import batches
from stages.logits.plan import GIVEN, PlannedRow


def rows(clips: int, sounds: int, texts: int) -> list[PlannedRow]:
    """Return the rows of clips whose sounds are named by clip and number."""
    return [
        PlannedRow(f"{clip:02}/{sound}/{text}", f"{clip:02}", f"{clip:02}-{sound}", "x" * text, 0, GIVEN, seconds(clip))
        for clip in range(clips)
        for sound in range(sounds)
        for text in range(texts)
    ]


def seconds(clip: int) -> float:
    return (1 + clip * 7 % 5) / 10


def sound_of(row: PlannedRow) -> FlacSound:
    """Return a sound as long as the row says; silence, so that bytes tell nothing of the length."""
    return FlacSound(encode_flac(np.zeros(round(row.seconds * RATE), dtype=np.float32)))


def test_every_row_comes_once_and_a_sounds_rows_together() -> None:
    found = [[item.row for item in batch] for batch in batches(rows(10, 3, 4), 9, sound_of)]
    assert sorted(row.neighbour_id for batch in found for row in batch) == [row.neighbour_id for row in rows(10, 3, 4)]
    assert all(len(batch) <= 9 for batch in found)
    of_sound = [name for batch in found for name, _ in groupby(row.audio_hash for row in batch)]
    assert len(of_sound) == len(set(of_sound)) == 30


def test_lengths_rise_within_a_window() -> None:
    lengths = [len(item.sound.samples()) for batch in batches(rows(10, 1, 1), 2, sound_of) for item in batch]
    assert lengths == sorted(lengths)


def test_the_longest_text_of_a_sound_comes_first() -> None:
    batch = next(iter(batches(rows(1, 1, 4), 8, sound_of)))
    assert [len(item.row.text or "") for item in batch] == [3, 2, 1, 0]


def test_a_sound_with_more_rows_than_fit_goes_into_several_batches() -> None:
    assert [len(batch) for batch in batches(rows(1, 1, 10), 4, sound_of)] == [4, 4, 2]


def test_no_clip_crosses_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "ROWS_SORTED", 5)
    monkeypatch.setattr(batching, "BATCHES_SORTED", 0)
    found = [{item.row.clip_id for item in batch} for batch in batches(rows(6, 2, 2), 100, sound_of)]
    assert found == [{"00", "01"}, {"02", "03"}, {"04", "05"}]
