"""From what a source found to a corpus's entries: columns are mapped list by list, segments are held together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.corpus.entries import Entry, RowReading, entry_of, name_clips
from stages.corpus.lists.cells import NotTextError, as_text, kind_of
from stages.corpus.lists.columns import NOTHING, OF_THE_SOUND, Fields, find_fields
from stages.corpus.lists.files import ListedFiles, printable
from stages.corpus.lists.segments import are_channels, overlaps
from stages.corpus.params import CorpusParams
from stages.corpus.sources.source import Listed, Row, SetAside
from stages.corpus.timed.transcript import COLUMNS


def entries_of(
    found: Listed, files: ListedFiles, inside: str, name: str, params: CorpusParams
) -> tuple[list[Entry], list[SetAside], list[str]]:
    """Return a folder's entries, what gives no clip, and notes.

    Parameters
    ----------
    found : Listed
    files : ListedFiles
        The files of the corpus's folder.
    inside : str
        The folder that was read, relative to the corpus's.
    name : str
        The corpus.
    params : CorpusParams

    Raises
    ------
    EarwitnessError
        For a column that is missing, unclear or without use; for rows that name one recording and say different texts;
        and if no row gives a clip.
    """
    corpus = params.corpora[name]
    entries: list[Entry] = []
    set_aside, notes = list(found.set_aside), list(found.notes)
    tables: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows:
        tables[row.table].append(row)
    for table, rows in tables.items():
        fields, said = _fields(table, rows, corpus, name)
        notes += said
        reading = RowReading(fields, corpus.member == "column", params.corpus.max_text, corpus.split_at != "none")
        answers = [entry_of(row, reading, files, inside) for row in rows]
        set_aside += [answer for answer in answers if isinstance(answer, SetAside)]
        entries += [answer for answer in answers if isinstance(answer, Entry)]
    entries, apart = _without_overlaps(name_clips(entries, inside))
    set_aside += apart
    _check_whole(entries)
    if not entries and set_aside:
        raise EarwitnessError(
            f"{files.folder}: none of {len(set_aside)} rows can be used ({set_aside[0].reason}): correct the list"
        )
    return entries, set_aside, [*notes, *files.notes()]


def _fields(table: str, rows: Sequence[Row], corpus: Corpus, name: str) -> tuple[Fields, list[str]]:
    """Find the columns of a list's fields, and say what was decided."""
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    ignored = {"member"} if corpus.member != "column" else set()
    if all(row.recording for row in rows):
        ignored |= OF_THE_SOUND
    if all(row.clip_id for row in rows):
        ignored.add("clip_id")
    wanted = {} if not table and not columns else corpus.columns
    fields = find_fields(table, columns, wanted, ignored)
    _require(table, columns, fields, ignored, corpus, name)
    notes = _ids_that_repeat(table, rows, fields, corpus)
    notes += _other_channels(table, rows, fields, corpus)
    read = set(fields.columns.values()) | (set(COLUMNS) if corpus.split_at != "none" else set())
    notes += _nested(table, rows, [column for column in columns if column not in read])
    return fields, [*fields.notes(), *notes]


def _require(table: str, columns: Sequence[str], fields: Fields, ignored: set[str], corpus: Corpus, name: str) -> None:
    """Check that a list has the columns without which it says nothing."""
    needed = [field for field in ("path", "text", *(["member"] if corpus.member == "column" else []))]
    for field in needed:
        if columns and field not in fields.columns and field not in ignored and corpus.columns.get(field) != NOTHING:
            raise EarwitnessError(
                f"{table}: column {field!r} is missing (there is {', '.join(filter(None, columns))}): add it, or name "
                f"the column that holds it in params.yaml: corpora.{name}.columns"
                + ("" if field == "path" else "; its cells may be blank")
            )


def _ids_that_repeat(table: str, rows: Sequence[Row], fields: Fields, corpus: Corpus) -> list[str]:
    """Leave an id whose column has only a near name to the attributes, if its cells repeat: it names something else."""
    column = fields.columns.get("clip_id")
    if column is None or column == "clip_id" or "clip_id" in corpus.columns:
        return []
    values = [_text_or_blank(row.cells.get(column)) for row in rows]
    if len(set(values)) == len(values) and "" not in values:
        return []
    del fields.columns["clip_id"]
    return [f"{table}: {column!r} repeats or is blank, so ids are made from the paths"]


def _other_channels(table: str, rows: Sequence[Row], fields: Fields, corpus: Corpus) -> list[str]:
    """Leave a column `channel` to the attributes if its cells are no channels, such as 'telephone'."""
    column = fields.columns.get("channel")
    if (
        column is None
        or "channel" in corpus.columns
        or are_channels(_text_or_blank(row.cells.get(column)) for row in rows)
    ):
        _refuse_counting_from_one(table, rows, column)
        return []
    del fields.columns["channel"]
    if not any(_text_or_blank(row.cells.get(column)) for row in rows):
        return []
    return [f"{table}: {column!r} holds no numbers of channels, so it is an attribute"]


def _refuse_counting_from_one(table: str, rows: Sequence[Row], column: str | None) -> None:
    """Refuse channels 1 and 2 without a 0: if they count from 1, words of one side would go with the other's sound."""
    named = {_text_or_blank(row.cells.get(column)).strip() for row in rows} if column else set()
    if {"1", "2"} <= named and "0" not in named:
        raise EarwitnessError(
            f"{table}: column {column!r} has channels 1 and 2 and no 0, and channels are counted from 0: "
            "write 0 and 1, or B for 1 if the second channel is meant"
        )


def _nested(table: str, rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """Say which columns have cells without text, among those that are not fields, whose rows are set aside."""
    kinds: dict[str, str] = {}
    for column in columns:
        for row in rows:
            value = row.cells.get(column)
            if not isinstance(value, str) and not _is_text(value):
                kinds[column] = kind_of(value)
                break
    return [f"{table}: {column!r} holds {kinds[column]}, so it is not read" for column in sorted(kinds)]


def _is_text(value: object) -> bool:
    try:
        as_text(value)
    except NotTextError:
        return False
    return True


def _text_or_blank(value: object) -> str:
    return as_text(value) if _is_text(value) else ""


def _without_overlaps(entries: Sequence[Entry]) -> tuple[list[Entry], list[SetAside]]:
    """Set segments aside whose sound also belongs to another one."""
    found = overlaps([entry.recording for entry in entries])
    apart = []
    for index, other in sorted(found.items()):
        entry, place = entries[index], entries[other].place
        reason = f"a segment that overlaps another one, so that both are heard in it ({entry.place}, and {place})"
        apart.append(SetAside(entry.clip_id, entry.path, reason))
    return [entry for index, entry in enumerate(entries) if index not in found], apart


def _check_whole(entries: Sequence[Entry]) -> None:
    """Refuse rows that name one recording as a whole and say different texts."""
    rows: dict[object, list[Entry]] = defaultdict(list)
    counts = Counter(entry.recording for entry in entries)
    for entry in entries:
        if counts[entry.recording] > 1:
            rows[entry.recording].append(entry)
    for same in rows.values():
        if len({entry.text for entry in same}) > 1:
            raise EarwitnessError(
                f"{_rows(same)} name the same recording ({printable(same[0].path)}), and no column says which part of "
                "it: add the columns start and end in seconds, or cut it first"
            )


def _rows(same: Sequence[Entry]) -> str:
    """Return the places of rows in short: 'manifest.csv, rows 2 to 5' where they follow one another in one list."""
    places = [entry.place.rpartition(", row ") for entry in same]
    numbers = [int(number) for _, _, number in places if number.isdigit()]
    if len(numbers) == len(same) and len({table for table, _, _ in places}) == 1:
        joined = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 2 else f"{numbers[0]} and {numbers[-1]}"
        if numbers[-1] - numbers[0] != len(numbers) - 1:
            joined = f"{numbers[0]}, {numbers[1]}" + (f" and {len(numbers) - 2} more" if len(numbers) > 2 else "")
        return f"{places[0][0]}, rows {joined}"
    return " and ".join(entry.place for entry in same[:2]) + (f" and {len(same) - 2} more" if len(same) > 2 else "")
