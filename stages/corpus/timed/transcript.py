"""Find the transcript with times of a recording: in a cell of its list, or in a file beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from stages.corpus.timed.subtitles import from_ctm, from_cues, from_textgrid
from stages.corpus.timed.timedtext import TimedText, UntimedError, in_order

COLUMNS = ("words", "segments", "chunks", "utterances", "alignment", "timestamps")
"""Columns whose cells may hold a list in JSON."""
LARGEST = 1 << 26
"""Bytes of the largest file of times that is read."""


def timed_transcript(cells: Mapping[str, str], recording: Path | None) -> list[TimedText]:
    """Return the units of a recording's transcript.

    Parameters
    ----------
    cells : mapping of str to str
        The `COLUMNS` of the recording's row that hold JSON.
    recording : Path or None
        The file, where it holds this recording alone.

    Returns
    -------
    list of TimedText
        In the order of time; empty if no transcript with times is found.

    Raises
    ------
    UntimedError
        If the form of a cell or a file is not what it seems to be.
    """
    for column in COLUMNS:
        if column in cells:
            return in_order(from_json(cells[column]))
    for suffix, read in FORMS.items() if recording else ():
        assert recording is not None
        for beside in (recording.with_suffix(suffix), recording.with_name(recording.name + suffix)):
            if beside.is_file() and beside.stat().st_size <= LARGEST:
                return in_order(read(_text(beside)))
    return []


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UntimedError(f"{path.name} is not UTF-8") from error


def from_json(content: str) -> list[TimedText]:
    """Read a list of objects with start, end and text, or an object that holds one, as Whisper and others write it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UntimedError("it is not JSON") from error
    if isinstance(found, dict):
        found = next((found[name] for name in COLUMNS if isinstance(found.get(name), list)), None)
    if not isinstance(found, list):
        return []
    return [_unit(item) for item in found]


def _unit(item: object) -> TimedText:
    if isinstance(item, list) and len(item) >= 3:
        item = {"start": item[0], "end": item[1], "text": item[2]}
    if not isinstance(item, dict):
        raise UntimedError("a part of it is no object with start, end and text")
    times = item.get("timestamp") or (
        _first(item, "start", "start_time", "begin", "from"),
        _first(item, "end", "end_time", "stop", "to"),
    )
    text = _first(item, "text", "word", "token", "label", "sentence")
    try:
        start, end = (float(str(value)) for value in times)
    except (TypeError, ValueError) as error:
        raise UntimedError("a part of it has no start and end") from error
    return TimedText(start, end, str(text or ""), str(item.get("speaker") or ""))


def _first(item: Mapping[object, object], *names: str) -> object:
    return next((item[name] for name in names if name in item), None)


FORMS: dict[str, Callable[[str], list[TimedText]]] = {
    ".srt": from_cues,
    ".vtt": from_cues,
    ".ctm": from_ctm,
    ".TextGrid": from_textgrid,
    ".textgrid": from_textgrid,
    ".json": from_json,
}
"""How each form is read, by the suffix of a file beside the recording; the first that is found is taken."""
