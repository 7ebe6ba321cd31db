"""From the rows of a source to entries: columns become fields, paths are found, and what gives no clip is set aside."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.corpus.lists.cells import NotTextError, as_name, as_text
from stages.corpus.lists.columns import OF_THE_SOUND, Fields
from stages.corpus.lists.files import ListedFiles, is_utf8, printable
from stages.corpus.lists.segments import SegmentError, channel_of, times
from stages.corpus.membership import parse_member
from stages.corpus.sources.source import Row, SetAside
from stages.corpus.timed.transcript import COLUMNS


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
    times : dict of str to str
        With `split_at`, the columns that hold the transcript with times, as JSON.
    """

    clip_id: str
    recording: Recording
    place: str
    text: str = ""
    member: bool | None = None
    speaker: str | None = None
    session: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)

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
    with_times : bool
        Whether columns with the times of the transcript are read, which may be long and nested.
    """

    fields: Fields
    with_member: bool
    longest_text: int
    with_times: bool


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
    clip_id, path = row.clip_id, ""
    try:
        if not clip_id and "clip_id" in reading.fields.columns:
            clip_id = _filled(row, reading.fields, "clip_id")
        path = row.recording.path if row.recording else _filled(row, reading.fields, "path")
        recording = _recording(row, reading.fields, files, path, inside)
        entry = _with_cells(Entry(clip_id, recording, row.place), row, reading)
    except (NotTextError, SegmentError) as error:
        return SetAside(clip_id, path or row.table, f"{error} ({row.place})")
    return _stored(entry, reading.longest_text)


def _recording(row: Row, fields: Fields, files: ListedFiles, path: str, inside: str) -> Recording:
    """Return where a row's sound lies, relative to the corpus's folder."""
    if row.recording:
        return replace(row.recording, path=f"{inside}/{path}" if inside else path)
    beside = f"{inside}/{row.inside}" if inside and row.inside else inside or row.inside
    found = files.find(path, tuple(dict.fromkeys((beside, inside))), row.place)
    start, end = times(row.cells, fields)
    return Recording(found, start=start, end=end, channel=channel_of(_text(row, fields, "channel")))


def _with_cells(entry: Entry, row: Row, reading: RowReading) -> Entry:
    fields = reading.fields
    own = {column for field, column in fields.columns.items() if not (row.recording and field in OF_THE_SOUND)}
    timed = _times(row.cells) if reading.with_times else {}
    return replace(
        entry,
        text=_text(row, fields, "text"),
        member=parse_member(_text(row, fields, "member"), row.place) if reading.with_member else None,
        speaker=as_name(_text(row, fields, "speaker")) or None,
        session=as_name(_text(row, fields, "session")) or None,
        attributes=_attributes(row.cells, own | set(timed)),
        times=timed,
    )


def _times(cells: Mapping[str, object]) -> dict[str, str]:
    """Return the cells that hold a transcript with times, as JSON."""
    held = {column: cells[column] for column in COLUMNS if column in cells}
    return {
        column: cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
        for column, cell in held.items()
        if (isinstance(cell, str) and cell.lstrip()[:1] in ("[", "{")) or (cell and isinstance(cell, list | dict))
    }


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


def _text(row: Row, fields: Fields, field: str) -> str:
    try:
        return as_text(fields.of_row(row.cells, field))
    except NotTextError as error:
        raise NotTextError(f"a cell without text: column {fields.columns[field]!r} {error}") from error


def _filled(row: Row, fields: Fields, field: str) -> str:
    value = _text(row, fields, field).strip()
    if not value:
        raise EarwitnessError(f"{row.place}: column {fields.columns[field]!r} is blank: fill it in")
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


def name_clips(entries: Sequence[Entry], inside: str) -> list[Entry]:
    """Give entries without an id one from their path: without its suffix, with the segment and the channel.

    Where recordings differ only by their suffix, it is kept.

    Parameters
    ----------
    entries : sequence of Entry
    inside : str
        The folder that was read, relative to the corpus's; it is no part of the ids.
    """
    stems: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if not entry.clip_id:
            stems[_stem(entry.path)].add(entry.path)
    above = f"{inside}/" if inside else ""
    return [
        entry if entry.clip_id else replace(entry, clip_id=_named(entry.recording, stems, above)) for entry in entries
    ]


def _named(recording: Recording, stems: Mapping[str, set[str]], above: str) -> str:
    stem = _stem(recording.path)
    name = (stem if len(stems[stem]) == 1 else recording.path).removeprefix(above)
    if recording.start is not None or recording.end is not None:
        end = "end" if recording.end is None else f"{recording.end:.3f}"
        name += f"_{recording.start or 0.0:.3f}-{end}"
    return name if recording.channel is None else f"{name}_channel{recording.channel}"


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)
