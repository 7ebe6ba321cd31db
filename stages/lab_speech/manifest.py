"""Rows of a lab corpus's manifest, beside those that people added to its folder."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.lab_speech.plan import Clip

COLUMNS = ("clip_id", "path", "text", "member", "speaker", "session", "gender", "age", "accent")


def clip_row(clip: Clip) -> dict[str, str]:
    """Return a clip's row, with `COLUMNS` as keys."""
    voice = clip.voice
    member = str(clip.member).lower()
    path = f"audio/{clip.clip_id}.flac"
    values = (clip.clip_id, path, clip.text, member, voice.name, clip.session, voice.gender, voice.age, voice.accent)
    return dict(zip(COLUMNS, values, strict=True))


def is_own(clip_id: str, corpus: str) -> bool:
    """Return whether the stage made a clip of this id for this corpus."""
    return re.fullmatch(rf"{re.escape(corpus)}_\d{{5,}}", clip_id) is not None


def merged(own: Sequence[dict[str, str]], kept: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return own rows, then kept ones, all with the same columns: `COLUMNS`, then those that kept rows add."""
    columns = list(dict.fromkeys([*COLUMNS, *(column for row in kept for column in row)]))
    return [{column: row.get(column, "") for column in columns} for row in [*own, *kept]]
