"""From the rows of a source to entries: columns become fields, and paths are taken relative to the corpus's folder."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.corpus.membership import parse_member
from stages.corpus.sources.source import Row

_OWN_COLUMNS = {"clip_id", "path", "text", "speaker", "session"}


@dataclass(frozen=True)
class Entry:
    """One clip as its corpus lists it.

    Attributes
    ----------
    clip_id : str
    recording : Recording
        Relative to the corpus's folder.
    place : str
        File and row that list the clip, for messages.
    text : str
        Transcript; blank if unknown.
    member : bool or None
        None if unknown.
    speaker, session : str or None
    attributes : dict of str to str
        The other columns whose cells are not blank.
    """

    clip_id: str
    recording: Recording
    place: str
    text: str = ""
    member: bool | None = None
    speaker: str | None = None
    session: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The file that holds the sound, relative to the corpus's folder."""
        return self.recording.path


def entry_of(row: Row, inside: str, *, with_member: bool) -> Entry:
    """Return the entry of one row.

    Parameters
    ----------
    row : Row
    inside : str
        The folder that was read, relative to the corpus's.
    with_member : bool
        Whether the column `member` states membership; otherwise it is an attribute as any other.

    Raises
    ------
    EarwitnessError
        For an id or a path that is blank, a path that leaves the corpus's folder, or an invalid membership.
    """
    cells = row.cells
    own = _OWN_COLUMNS | ({"member"} if with_member else set())
    recording = row.recording or Recording(_filled(row, "path").replace("\\", "/"))
    return Entry(
        clip_id=row.clip_id or _filled(row, "clip_id"),
        recording=replace(recording, path=_inside(recording.path, inside, row.place)),
        place=row.place,
        text=cells.get("text", ""),
        member=parse_member(cells.get("member", ""), row.place) if with_member else None,
        speaker=cells.get("speaker") or None,
        session=cells.get("session") or None,
        attributes={key: value for key, value in sorted(cells.items()) if key not in own and value},
    )


def _filled(row: Row, column: str) -> str:
    value = row.cells.get(column, "").strip()
    if not value:
        raise EarwitnessError(f"{row.place}: column {column!r} is blank: fill it in")
    return value


def _inside(path: str, inside: str, place: str) -> str:
    """Return a path relative to the corpus's folder; ``..`` is resolved in the text of the path alone."""
    joined = posixpath.normpath(posixpath.join(inside, path))
    if posixpath.isabs(path) or joined.split("/")[0] == "..":
        raise EarwitnessError(
            f"{place}: column 'path': {path!r} leaves the corpus's folder: put a link to the recordings inside it"
        )
    return joined
