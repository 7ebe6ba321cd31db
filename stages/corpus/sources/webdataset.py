"""WebDataset: tars whose members of one key (``000123.flac``, ``000123.txt``, ``000123.json``) are one clip.

Sounds are read in place. Members of text and of JSON become columns; other members are named and not read.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from stages.core.config.nouns import Corpus
from stages.core.sound.containers.kinds import HEAD, kind_of
from stages.core.sound.recordings import Recording
from stages.core.store.pointers import POINTER, is_pointer
from stages.core.store.tars import Member, TarError, members
from stages.corpus.sources.finding import OFTEN_SOUND, first_below, loose_sounds, nothing_taken, paths_below
from stages.corpus.sources.nested import flat
from stages.corpus.sources.parts import paths_of_part
from stages.corpus.sources.source import SOURCES, Listed, Row, SetAside, source

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""The compressed ones are named with what to do."""

TEXT_SUFFIXES = ("txt", "text", "transcript", "transcription", "trn", "lab", "normalized_text")
"""Of members that hold the transcript, if no column of JSON is named ``text``. The first that is there counts."""

_WITH_TARS = ("common_voice", "lhotse")
"""Layouts whose lists have tars of their own beside them."""

_LONGEST_TEXT = 2**24


def _recognised(folder: Path) -> str:
    """Return the first tar, unless recordings lie there as files, beside which a tar is somebody's archive."""
    found = first_below(folder, TAR_SUFFIXES)
    if not found or loose_sounds(folder) or any(SOURCES[layout].recognises(folder) for layout in _WITH_TARS):
        return ""
    return found


@source("webdataset", recognises=_recognised)
def read_webdataset(folder: Path, corpus: Corpus) -> Listed:
    """List the clips of every tar below a folder, or of the part that is named."""
    found = Listed([])
    paths = paths_of_part(paths_below(folder, TAR_SUFFIXES), corpus.part, str(folder))
    for path, part in paths.items():
        _read_tar(folder, path, part, corpus, found)
    nothing_taken(folder, found, "tars (WebDataset)")
    return found


@dataclass
class _Sample:
    """The members of one key."""

    sounds: list[Member] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def _read_tar(folder: Path, path: str, part: str, corpus: Corpus, found: Listed) -> None:
    """Add the rows of one tar, what it sets aside, and the kinds of members that are not read."""
    samples: dict[str, _Sample] = {}
    not_read: set[str] = set()
    try:
        if is_pointer(folder / path):
            raise TarError(POINTER)
        with (folder / path).open("rb") as handle:
            for member in members(folder / path):
                _put(member, handle, samples, not_read)
    except TarError as error:
        found.set_aside.append(SetAside(path, path, str(error)))
    for number, (key, sample) in enumerate(samples.items(), start=1):
        clip_id = f"{path}/{key}"
        if reason := _fault(sample):
            found.set_aside.append(SetAside(clip_id, path, reason))
            continue
        cells = flat(sample.values) | ({"split": part} if part else {})
        text = corpus.columns.get("text", "text")
        if text not in cells:  # a sample may have none
            cells[text] = next((cells.pop(name) for name in TEXT_SUFFIXES if name in cells), "")
        sound = sample.sounds[0]
        place = f"{folder / path}, sample {number} ({key})"
        recording = Recording(path, offset=sound.offset, size=sound.size)
        found.rows.append(Row(place, cells, recording, "" if "clip_id" in corpus.columns else clip_id, str(folder)))
    if not_read:
        found.notes.append(f"{folder / path}: members that are not read: {', '.join(sorted(not_read))}")


def _put(member: Member, handle: BinaryIO, samples: dict[str, _Sample], not_read: set[str]) -> None:
    """Add a member to its key, which is its path up to the first dot of its name."""
    directory, name = posixpath.split(member.name)
    stem, _, suffix = name.partition(".")
    if not stem:
        return  # a hidden file, as those of macOS
    sample = samples.setdefault(posixpath.join(directory, stem), _Sample())
    kind = suffix.lower().rpartition(".")[2]
    if f".{kind}" in OFTEN_SOUND or kind_of(_bytes_of(member, handle, HEAD)).family == "sound":
        sample.sounds.append(member)
        return
    if member.size > _LONGEST_TEXT:
        not_read.add(f".{suffix}")
        return
    try:
        text = _bytes_of(member, handle, member.size).decode("utf-8-sig")
        values = _json(text) if kind == "json" else {suffix.lower(): text.strip()}
    except UnicodeDecodeError:
        if kind == "json" or kind in TEXT_SUFFIXES:
            sample.faults.append(f"{name} is not UTF-8")
        not_read.add(f".{suffix}")
        return
    except (ValueError, RecursionError):
        sample.faults.append(f"{name} is not a JSON object")
        return
    for name, value in values.items():
        if sample.values.setdefault(name, value) != value:
            sample.faults.append(f"two members give {name!r} different values")


def _fault(sample: _Sample) -> str:
    """Return why a key gives no clip; blank if it gives one."""
    if not sample.sounds:
        return "a key without a sound" + (f" (it has {', '.join(sample.values)})" if sample.values else "")
    if len(sample.sounds) > 1:
        return f"{len(sample.sounds)} sounds for one key: {', '.join(sound.name for sound in sample.sounds)}"
    if not sample.sounds[0].size:
        return "0 bytes"
    return "; ".join(sample.faults)


def _bytes_of(member: Member, handle: BinaryIO, size: int) -> bytes:
    handle.seek(member.offset)
    return handle.read(min(size, member.size))


def _json(text: str) -> dict[str, object]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
