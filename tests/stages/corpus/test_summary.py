"""Reasons in a summary: counted by kind, without what belongs to one clip."""

import pytest

from stages.corpus.summary import MOST_REASONS, OTHER_REASONS, reasons


def row(reason: str, clip_id: str = "clip7", path: str = "a/b.wav") -> dict[str, str]:
    return {"clip_id": clip_id, "path": path, "reason": reason}


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("shorter than corpus.min_seconds (0.100 s)", "shorter than corpus.min_seconds"),
        ("far beyond full scale, which is 1 (peak 9): divide it", "far beyond full scale, which is 1"),
        ("silent: every sample is zero", "silent"),
        ("the segment of clip7 overlaps", "the segment of … overlaps"),
        ("the same recording as 'Ann Miller.wav'", "the same recording as …"),
        ("the pointer that /home/ann/x.wav holds", "the pointer that … holds"),
        ("not read because of list.tsv", "not read because of …"),
        ("ends before its header says", "ends before its header says"),
    ],
)
def test_what_belongs_to_one_clip_is_left_out(reason: str, kind: str) -> None:
    assert reasons([row(reason)]) == {kind: 1}


def test_rare_reasons_are_counted_together() -> None:
    rows = [row(f"reason {chr(97 + index)}") for index in range(MOST_REASONS + 3)] + [row("reason z")] * 2
    counts = reasons(rows)
    assert counts["reason z"] == 2
    assert counts[OTHER_REASONS] == 4
    assert sum(counts.values()) == len(rows)
