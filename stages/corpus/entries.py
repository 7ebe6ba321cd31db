"""From the rows of a source to entries: columns become fields, paths are found, and what gives no clip is set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.corpus.lists.cells import NotTextError, as_name, as_text
from stages.corpus.lists.columns import Fields
from stages.corpus.lists.files import ListedFiles, is_utf8, printable
from stages.corpus.lists.segments import SegmentError, channel_of, times
from stages.corpus.membership import parse_member
from stages.corpus.sources.source import Row, SetAside


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


@dataclass(frozen=True)
class RowReading:
    """How the rows of a list are read.

    Attributes
    ----------
    fields : Fields
    with_member : bool
        Whether the column `member` states membership; otherwise it is an attribute as any other.
    longest_text : int
        In characters; `corpus.max_text`.
    """

    fields: Fields
    with_member: bool
    longest_text: int


def entry_of(row: Row, reading: RowReading, files: ListedFiles, inside: str) -> Entry | SetAside:
    """Return the entry of one row, or why it gives no clip. A blank id is made later, by `name_clips`.

    Parameters
    ----------
    row : Row
    reading : RowReading
    files : ListedFiles
        The files of the corpus's folder.
    inside : str
        The folder that was read, relative to the corpus's.

    Raises
    ------
    EarwitnessError
        For an id or a path that is blank, a path that leaves the corpus's folder, or an invalid membership.
    """
    columns = reading.fields.columns
    try:
        clip_id = row.clip_id or (_filled(row, columns["clip_id"]) if "clip_id" in columns else "")
        path = row.recording.path if row.recording else _filled(row, columns["path"])
    except NotTextError as error:
        return SetAside("", row.place, f"{error} ({row.place})")
    base = f"{inside}/{row.inside}" if inside and row.inside else inside or row.inside
    try:
        if row.recording:
            recording = replace(row.recording, path=f"{inside}/{path}" if inside else path)
        else:
            found = files.find(path, tuple(dict.fromkeys((base, inside))), row.place)
            start, end = times(row.cells, columns)
            channel = channel_of(_cell(row, columns, "channel"))
            recording = Recording(found, start=start, end=end, channel=channel)
        entry = _with_cells(Entry(clip_id, recording, row.place), row, reading)
    except (NotTextError, SegmentError) as error:
        return SetAside(clip_id, path, f"{error} ({row.place})")
    return _stored(entry, reading.longest_text)


def _with_cells(entry: Entry, row: Row, reading: RowReading) -> Entry:
    columns = reading.fields.columns
    own = {columns[name] for name in ("clip_id", "path", "text", "speaker", "session", "member") if name in columns}
    if not row.recording:
        own |= {columns[name] for name in ("start", "end", "offset", "duration", "channel") if name in columns}
    return replace(
        entry,
        text=_cell(row, columns, "text"),
        member=parse_member(_cell(row, columns, "member"), row.place) if reading.with_member else None,
        speaker=as_name(row.cells.get(columns.get("speaker", ""))) or None,
        session=as_name(row.cells.get(columns.get("session", ""))) or None,
        attributes=_attributes(row.cells, own),
    )


def _attributes(cells: Mapping[str, object], own: set[str]) -> dict[str, str]:
    """Return the other columns whose cells have a text that is not blank; nested values are no attributes."""
    found = {}
    for key in sorted(cells):
        if key and key not in own:
            try:
                if text := as_text(cells[key]):
                    found[key] = text
            except NotTextError:
                continue  # said once for the column, in the notes
    return found


def _cell(row: Row, columns: Mapping[str, str], name: str) -> str:
    if name not in columns:
        return ""
    try:
        return as_text(row.cells.get(columns[name]))
    except NotTextError as error:
        raise NotTextError(f"column {columns[name]!r} {error}") from error


def _filled(row: Row, column: str) -> str:
    try:
        value = as_text(row.cells.get(column)).strip()
    except NotTextError as error:
        raise NotTextError(f"column {column!r} {error}") from error
    if not value:
        raise EarwitnessError(f"{row.place}: column {column!r} is blank: fill it in")
    return value


def _stored(entry: Entry, longest: int) -> Entry | SetAside:
    """Return the entry if it can be stored: its names are UTF-8, and no cell is too long."""
    if not is_utf8(entry.path):
        name = printable(entry.path)
        return SetAside(printable(entry.clip_id or entry.path), name, "a file name that is not UTF-8 (rename it)")
    cells = {"text": entry.text, "speaker": entry.speaker or "", "session": entry.session or "", **entry.attributes}
    for column, text in cells.items():
        if len(text) > longest:
            count = f"{column!r}: {len(text)} characters of {longest}, {entry.place}"
            return SetAside(entry.clip_id, entry.path, f"a cell longer than corpus.max_text ({count})")
    return entry


def name_clips(entries: Sequence[Entry]) -> list[Entry]:
    """Give entries without an id one from their path: without its suffix, with the segment and the channel.

    Where recordings differ only by their suffix, it is kept.
    """
    stems: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if not entry.clip_id:
            stems[_stem(entry.path)].add(entry.path)
    return [
        entry if entry.clip_id else replace(entry, clip_id=_named(entry.recording, len(stems[_stem(entry.path)]) == 1))
        for entry in entries
    ]


def _named(recording: Recording, alone: bool) -> str:
    name = _stem(recording.path) if alone else recording.path
    if recording.start is not None or recording.end is not None:
        end = "end" if recording.end is None else f"{recording.end:.3f}"
        name += f"_{recording.start or 0.0:.3f}-{end}"
    return name if recording.channel is None else f"{name}_channel{recording.channel}"


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)
