"""Which column of a list holds which field of a clip: by `corpora.X.columns`, by its name, or by a near name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from stages.core.errors import EarwitnessError
from stages.corpus.lists.cells import NoText

NEAR_NAMES: dict[str, tuple[str, ...]] = {
    "clip_id": ("utt_id", "utterance_id", "utt", "uttid", "utterance", "segment_id", "id", "key", "uid"),
    "path": (
        "audio_filepath", "audio_file", "audio_path", "audio", "file_name", "filename", "file", "file_path", "filepath",
        "wav", "wav_path", "wav_file", "wav_filename", "sound", "recording", "recording_path", "clip_path", "rel_path",
        "relative_path", "flac", "mp3",
    ),
    "text": (
        "sentence", "transcript", "transcription", "transcripts", "normalized_text", "normalised_text", "raw_text",
        "raw_transcription", "txt",
    ),
    "member": ("is_member", "membership"),
    "speaker": ("client_id", "speaker_id", "speakerid", "speaker_name", "spk", "spk_id", "spkid", "spkr", "talker",
                "talker_id", "reader", "reader_id"),
    "session": ("session_id", "chapter", "chapter_id"),
    "start": ("start_time", "begin", "begin_time", "start_sec", "start_seconds", "start_s", "segment_start",
              "audio_start", "audio_start_sec", "start_ms"),
    "end": ("end_time", "stop", "stop_time", "end_sec", "end_seconds", "end_s", "segment_end", "audio_end",
            "audio_end_sec", "end_ms"),
    "offset": ("offset_sec", "offset_seconds", "offset_ms"),
    "duration": ("dur", "duration_sec", "duration_seconds", "duration_s", "duration_ms"),
    "channel": ("chan", "channel_id"),
}  # fmt: skip
"""For each field, other names that columns with this content have in public corpora."""

NOTHING = "none"
"""In `corpora.X.columns`: no column holds the field."""

OF_THE_SOUND = frozenset({"path", "start", "end", "offset", "duration", "channel"})
"""Fields that say where a sound lies."""

_TIMES = frozenset({"start", "end", "offset", "duration"})


@dataclass(frozen=True)
class Fields:
    """The columns that hold the fields of a list's rows.

    Attributes
    ----------
    table : str
        The list.
    columns : dict of str to str
        For a field, its column; fields without a column are left out.
    """

    table: str
    columns: dict[str, str]

    def notes(self) -> list[str]:
        """Return a line that says which columns were taken by near names or by params, if there are any."""
        renamed = [f"{column!r} is read as {field}" for field, column in self.columns.items() if column != field]
        return [f"{self.table}: {', '.join(renamed)}"] if renamed else []

    def of_row(self, cells: Mapping[str, object], field: str) -> object:
        """Return the value of a field in a row; None if no column holds it."""
        return cells.get(self.columns[field]) if field in self.columns else None


def find_fields(table: str, columns: Collection[str], wanted: Mapping[str, str], ignored: Collection[str]) -> Fields:
    """Find the columns of a list's fields.

    A column that has a field's own name is taken before near names, and `wanted` before both.

    Parameters
    ----------
    table : str
        The list, for messages.
    columns : collection of str
        The list's columns.
    wanted : mapping of str to str
        `corpora.X.columns`; `none` says that no column holds the field.
    ignored : collection of str
        Fields that are not looked for.

    Raises
    ------
    EarwitnessError
        For a field or a column of `wanted` that does not exist, and for two near names of one field.
    """
    _check(table, columns, wanted)
    found: dict[str, str] = {}
    for field in NEAR_NAMES:
        column = wanted.get(field) or ("" if field in ignored else _named(table, field, columns, wanted))
        if column and column != NOTHING:
            found[field] = column
    if not {"start", "offset"} & set(found):
        found.pop("duration", None)  # without a start, it says how long a whole recording is
    return Fields(table, found)


def _named(table: str, field: str, columns: Collection[str], wanted: Mapping[str, str]) -> str:
    if field in columns:
        return field
    taken = set(wanted.values()) | {column for column in columns if column in NEAR_NAMES}
    near = {field, *NEAR_NAMES[field]}
    found = [column for column in columns if column not in taken and _plain(column) in near]
    if len(found) > 1:
        raise EarwitnessError(
            f"{table}: {' and '.join(repr(column) for column in found)} could each be the column {field!r}: say which "
            f"in params.yaml: corpora: columns, such as {{{field}: {found[0]}}}"
        )
    return found[0] if found else ""


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _check(table: str, columns: Collection[str], wanted: Mapping[str, str]) -> None:
    for field, column in wanted.items():
        if field not in NEAR_NAMES:
            raise EarwitnessError(
                f"params.yaml: corpora: columns: {field!r} is not a field: use one of {', '.join(NEAR_NAMES)}"
            )
        if column != NOTHING and column not in columns:
            raise EarwitnessError(
                f"{table}: column {column!r}, which params.yaml: corpora: columns names for {field!r}, is missing "
                f"(there is {', '.join(filter(None, columns))}): correct the name"
            )


def in_seconds(field: str, column: str) -> float:
    """Return how many seconds the unit of a column of times is: 0.001 where its name ends in _ms, else 1."""
    return 0.001 if field in _TIMES and _plain(column).endswith("_ms") else 1.0


def path_in(cells: Mapping[str, object]) -> str:
    """Return the path that a row names in a column of that name or a near one; blank if there is none."""
    return next((value for value in _near_paths(cells) if isinstance(value, str)), "").strip()


def holds_sounds(cells: Mapping[str, object]) -> bool:
    """Return whether a row has no path but bytes or an object in its place, as tables do that hold the sounds."""
    return not path_in(cells) and any(isinstance(value, NoText | bytes) for value in _near_paths(cells))


def _near_paths(cells: Mapping[str, object]) -> list[object]:
    near = {"path", *NEAR_NAMES["path"]}
    return [value for column, value in cells.items() if _plain(column) in near]
