"""Cuts, supervisions and recordings of lhotse as rows: each supervision is one clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.core.sound.recordings import Recording
from stages.corpus.lists.files import ListedFiles
from stages.corpus.sources.nested import flat
from stages.corpus.sources.source import Listed, Row, SetAside

Sound = Recording | str
"""Where the sound of a clip lies, or a phrase that says why it cannot be had."""
FindSound = Callable[[Mapping[str, Any], list[int] | None], Sound]
"""From a recording and the channels of a supervision (None for all)."""

_CLOSE = 0.002
"""In seconds: times that are as close are the same, since lists round them."""
_NOT_FILES = {
    "command": "its sound is the output of a command, which is not run: write the sound to a file",
    "url": "its sound is at an address: download it",
    "memory": "its sound is inside of the list: save it to a file",
    "shar": "the tar beside the Shar's list does not hold its sound",
}
_OF_SUPERVISION = ("text", "speaker", "language", "gender")


class ManifestFiles:
    """The recordings that a list names.

    Parameters
    ----------
    folder : Path
        The folder that is read.
    path : str
        The list, relative to it.
    channel : str
        `corpora.X.channel`.
    """

    def __init__(self, folder: Path, path: str, channel: str) -> None:
        self.channel = channel
        self._files = ListedFiles(folder)
        self._list, self._bases = str(folder / path), tuple(dict.fromkeys((path.rpartition("/")[0], "")))

    def find(self, name: str) -> str:
        """Return a file's path relative to the folder. Recipes write relative paths from where they were run.

        Raises
        ------
        EarwitnessError
            If it is not in the folder.
        """
        found = self._files.find(name, self._bases, self._list)
        if self._files.is_file(found):
            return found
        return self._files.find("/" + name, self._bases, self._list)

    def notes(self) -> list[str]:
        """Return a line for each kind of detour that was needed."""
        return self._files.notes()


class CutRows:
    """Takes what a list of lhotse names into a `Listed`.

    Parameters
    ----------
    folder : Path
    path : str
        The list, relative to the folder.
    part : str
        Becomes the column `split`, if it is not blank.
    found : Listed
        Gains the rows.
    sound : callable
        Finds the sound of a recording.
    prefix : str
        Of the clips' ids.
    """

    def __init__(self, folder: Path, path: str, part: str, found: Listed, sound: FindSound, prefix: str = "") -> None:
        self._folder, self._path, self._part = folder, path, part
        self._found, self._sound, self._prefix = found, sound, prefix

    def take_supervision(self, supervision: Mapping[str, Any], recording: Mapping[str, Any] | None, row: int) -> None:
        """Take a segment of a recording; None if the list of recordings lacks it."""
        name = str(supervision.get("id"))
        if recording is None:
            self._set_aside(name, f"names the recording {supervision.get('recording_id')!r}, which is not listed")
            return
        start, length = _seconds(supervision, "start"), _seconds(supervision, "duration")
        if start is None or length is None:
            self._set_aside(name, "has no start or no duration in seconds")
            return
        self._take(name, recording, start, start + length, supervision, _channels(supervision), {}, row)

    def take_recording(self, recording: Mapping[str, Any], row: int, path: str) -> None:
        """Take a whole recording without a transcript."""
        self._take(str(recording.get("id")), recording, None, None, {}, None, {}, row, path)

    def take_cut(self, cut: Mapping[str, Any], row: int) -> None:
        """Take the supervisions of a cut, or the cut as a whole if it has none."""
        name = str(cut.get("id"))
        cut = _without_padding(cut)
        recording = cut.get("recording")
        start, length = _seconds(cut, "start"), _seconds(cut, "duration")
        if reason := _no_cut(cut):
            self._set_aside(name, reason)
        elif start is None or length is None:
            self._set_aside(name, "has no start or no duration in seconds")
        else:
            assert isinstance(recording, Mapping)  # otherwise there is a reason
            custom = cut.get("custom") if isinstance(cut.get("custom"), Mapping) else {}
            supervisions = cut.get("supervisions") or [{}]
            for one in supervisions:
                if not isinstance(one, Mapping):
                    self._set_aside(name, "has a supervision that is no object")
                    continue
                self._take_part_of_cut(name, cut, one, recording, start, length, custom or {}, row, len(supervisions))

    def _take_part_of_cut(
        self,
        name: str,
        cut: Mapping[str, Any],
        supervision: Mapping[str, Any],
        recording: Mapping[str, Any],
        start: float,
        length: float,
        custom: Mapping[str, Any],
        row: int,
        of: int,
    ) -> None:
        """Take one supervision, whose times count from the beginning of the cut."""
        if of > 1:
            name = f"{name}/{supervision.get('id')}"
        begin, lasts = _seconds(supervision, "start") or 0.0, _seconds(supervision, "duration")
        end = length if lasts is None else begin + lasts
        if begin < -_CLOSE or end > length + _CLOSE:
            self._set_aside(name, "its supervision begins before the cut or ends after it")
            return
        begin, end = max(begin, 0.0), min(end, length)
        channels = _channels(supervision) if "channel" in supervision else _channels(cut)
        self._take(name, recording, start + begin, start + end, supervision, channels, custom, row)

    def _take(
        self,
        name: str,
        recording: Mapping[str, Any],
        start: float | None,
        end: float | None,
        supervision: Mapping[str, Any],
        channels: list[int] | None,
        custom: Mapping[str, Any],
        row: int,
        path: str = "",
    ) -> None:
        if recording.get("transforms"):
            self._set_aside(
                name, f"the list changes its sound ({_names(recording['transforms'])}), which is not done here"
            )
            return
        sound = self._sound(recording, channels)
        if isinstance(sound, str):
            self._set_aside(name, sound)
            return
        own = supervision.get("custom")
        cells: dict[str, object] = {"text": "", "speaker": ""}
        for values in (custom, own if isinstance(own, Mapping) else {}, _known(supervision)):
            cells |= flat({key: value for key, value in values.items() if not _is_manifest(value)})
        if start is not None and end is not None and not _is_whole(start, end, recording):
            sound = replace(sound, start=start, end=end)
            cells.setdefault("session", str(recording.get("id")))
        if self._part:
            cells["split"] = self._part
        self._found.rows.append(
            Row(
                f"{self._folder / (path or self._path)}, row {row}",
                cells,
                sound,
                self._prefix + name,
                str(self._folder),
            )
        )

    def _set_aside(self, name: str, reason: str) -> None:
        self._found.set_aside.append(SetAside(self._prefix + name, self._path, reason))


def file_sound(recording: Mapping[str, Any], channels: list[int] | None, files: ManifestFiles) -> Sound:
    """Return where the sound of a recording lies that names its files."""
    sources = [one for one in recording.get("sources") or [] if isinstance(one, Mapping)]
    if not sources:
        return "its recording names no source"
    if channels and files.channel == "first":
        channels = channels[:1]
    fitting = [one for one in sources if not channels or set(channels) & set(one.get("channels") or [])]
    if len(fitting) != 1:
        return (
            f"its channels lie in {len(fitting)} files: set the corpus's key 'channel' to 'first'"
            if fitting
            else f"no source of its recording has channel {channels}"
        )
    source = fitting[0]
    if source.get("type") != "file":
        return _NOT_FILES.get(str(source.get("type")), f"its source is of an unknown type {source.get('type')!r}")
    path = files.find(str(source.get("source")))
    return Recording(path, channel=channel_of(source.get("channels") or [], channels))


def _known(supervision: Mapping[str, Any]) -> dict[str, object]:
    """Return the fields of a supervision that say something."""
    return {key: supervision[key] for key in _OF_SUPERVISION if supervision.get(key) is not None}


def channel_of(present: list[int], wanted: list[int] | None) -> int | None:
    """Return which of a file's channels is wanted, counted from 0; None for all of them, or if it has one."""
    if len(present) < 2 or not wanted or len(wanted) > 1 or wanted[0] not in present:
        return None
    return present.index(wanted[0])


def _without_padding(cut: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the one cut that a mix lengthens by silence; the cut itself, if it is no such mix."""
    tracks = [one for one in cut.get("tracks") or [] if isinstance(one, Mapping)]
    inner = [one for one in tracks if isinstance(one.get("cut"), Mapping) and one["cut"].get("type") != "PaddingCut"]
    return inner[0]["cut"] if len(inner) == 1 and len(tracks) > 1 and not cut.get("transforms") else cut


def _no_cut(cut: Mapping[str, Any]) -> str:
    """Return why a cut gives no clip; blank if it may."""
    if cut.get("type") == "PaddingCut":
        return "is padding: silence that the list makes"
    if "tracks" in cut:
        return f"is a mix of {len(cut['tracks'] or [])} recordings, which the list makes"
    return "" if isinstance(cut.get("recording"), Mapping) else "has no recording (features alone are no sound)"


def _channels(segment: Mapping[str, Any]) -> list[int] | None:
    channel = segment.get("channel")
    if isinstance(channel, list):
        return [one for one in channel if isinstance(one, int)]
    return [channel] if isinstance(channel, int) else None


def _seconds(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_whole(start: float, end: float, recording: Mapping[str, Any]) -> bool:
    length = _seconds(recording, "duration")
    return length is not None and start < _CLOSE and abs(end - length) < _CLOSE


def _is_manifest(value: object) -> bool:
    """Return whether a custom value is a recording, an array or features, which are no text."""
    return isinstance(value, Mapping) and bool({"sources", "storage_path", "array"} & set(value))


def _names(transforms: object) -> str:
    listed = transforms if isinstance(transforms, list) else [transforms]
    return ", ".join(str(one.get("name", "?")) if isinstance(one, Mapping) else "?" for one in listed)
