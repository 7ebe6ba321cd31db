"""Rows of a lab corpus's manifest: the lab's own and those that people added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stages.lab_speech.plan import LabClip

COLUMNS = ("clip_id", "path", "text", "member", "speaker", "session", "gender", "age", "accent")

Row = dict[str, str]


def audio_path(clip_id: str) -> str:
    """Return where a clip's recording lies, relative to the corpus's folder."""
    return f"audio/{clip_id}.flac"


def clip_row(clip: LabClip) -> Row:
    """Return a clip's row, with `COLUMNS` as keys, and `manner` where the clip has one."""
    voice = clip.voice
    member = "" if clip.member is None else str(clip.member).lower()
    path = audio_path(clip.clip_id)
    values = (clip.clip_id, path, clip.text, member, voice.name, clip.session, voice.gender, voice.age, voice.accent)
    return dict(zip(COLUMNS, values, strict=True)) | ({"manner": clip.manner} if clip.manner else {})


def added(rows: Sequence[Row], made: Mapping[str, str]) -> list[Row]:
    """Return the rows that people added: all but those whose id and path the stage itself made.

    Parameters
    ----------
    rows : sequence of dict of str to str
    made : mapping of str to str
        Path of each clip that the stage made, by clip_id. An id alone proves nothing: people may continue the numbers.
    """
    return [row for row in rows if made.get(row["clip_id"]) != row.get("path")]


def merged(own: Sequence[Row], kept: Sequence[Row]) -> list[Row]:
    """Return own rows, then kept ones, all with the same columns: `COLUMNS`, then those that rows add."""
    columns = list(dict.fromkeys([*COLUMNS, *(column for row in [*own, *kept] for column in row)]))
    return [{column: row.get(column, "") for column in columns} for row in [*own, *kept]]
