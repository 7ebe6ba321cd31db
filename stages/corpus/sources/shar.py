"""lhotse's Shar: ``cuts.000000.jsonl.gz`` beside ``recording.000000.tar``, whose members carry the ids of the cuts.

In the tar the sound of each cut is followed by its description in JSON. Sounds are read in place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.core.store.pointers import POINTER, is_pointer
from stages.core.store.tars import Member, TarError, members
from stages.corpus.lists.json_rows import json_lines
from stages.corpus.sources.cuts import CutRows, ManifestFiles, Sound, channel_of, file_sound
from stages.corpus.sources.parts import paths_of_part
from stages.corpus.sources.source import Listed, SetAside

SHARD = re.compile(r"cuts\.(\d+)\.jsonl(?:\.gz)?")
_FIELD = re.compile(r"(?P<field>.+)\.\d+\.(?:tar|jsonl)(?:\.gz)?")


_MEMBER = "member"
"""The type of a source that is a member of the tar; lhotse fills its placeholders likewise."""


def read_shar(folder: Path, shards: list[str], corpus: Corpus, found: Listed) -> None:
    """Add the clips of the shards, or of those of the part that is named; a part is a folder of shards."""
    chosen = paths_of_part(shards, corpus.part, str(folder), lambda path: path.rpartition("/")[0])
    for path, part in chosen.items():
        _read_shard(folder, path, part, corpus, found)
    fields = {
        match["field"]
        for inside in {path.rpartition("/")[0] for path in chosen}
        for file in (folder / inside).iterdir()
        if (match := _FIELD.fullmatch(file.name))
    }
    if other := sorted(fields - {"cuts", "recording"}):
        found.notes.append(f"{folder}: fields of the Shar that are not read: {', '.join(other)}")


def _read_shard(folder: Path, path: str, part: str, corpus: Corpus, found: Listed) -> None:
    inside, _, name = path.rpartition("/")
    number = name.split(".")[1]
    base = f"{inside}/recording.{number}" if inside else f"recording.{number}"
    files = ManifestFiles(folder, path, corpus.channel)
    tar = f"{base}.tar"
    recordings = _in_tar(folder, tar, found)
    for listed in (f"{base}.jsonl.gz", f"{base}.jsonl"):
        if (folder / listed).is_file():
            recordings |= {str(one.get("cut_id")): one.get("recording") for _, one in objects(folder / listed)}

    def sound(recording: Mapping[str, Any], channels: list[int] | None) -> Sound:
        source = next(iter(recording.get("sources") or [{}]))
        if source.get("type") != _MEMBER:
            return file_sound(recording, channels, files)
        member, present = source["source"], source["channels"]
        return Recording(tar, offset=member.offset, size=member.size, channel=channel_of(present, channels))

    prefix = path.removesuffix(".gz").removesuffix(".jsonl") + "/"
    clips = CutRows(folder, path, part, found, sound, prefix)
    for row, cut in objects(folder / path):
        recording = recordings.get(str(cut.get("id")))
        clips.take_cut({**cut, "recording": recording} if recording else cut, row)
    found.notes.extend(files.notes())


def objects(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the objects of JSON lines, plain or in gzip, with their numbers.

    Raises
    ------
    EarwitnessError
        For a pointer of Git LFS, a file that is cut, and a line that is no object.
    """
    if is_pointer(path):
        raise EarwitnessError(f"{path}: {POINTER}")
    return json_lines(path)


def _in_tar(folder: Path, tar: str, found: Listed) -> dict[str, Any]:
    """Return the recording that a tar stores for each cut: the sound comes first, then its description."""
    recordings: dict[str, Any] = {}
    path = folder / tar
    if not path.is_file():
        return recordings
    sounds: dict[str, Member] = {}
    try:
        if is_pointer(path):
            raise TarError(POINTER)
        with path.open("rb") as handle:
            for member in members(path):
                name, _, suffix = member.name.rpartition(".")
                if suffix == "json" and name in sounds:
                    handle.seek(member.offset)
                    recordings[name] = _described(handle.read(member.size), sounds[name])
                elif suffix not in ("json", "nodata", "nometa"):
                    sounds[name] = member
    except TarError as error:
        found.set_aside.append(SetAside(tar, tar, str(error)))
    return recordings


def _described(content: bytes, sound: Member) -> Mapping[str, Any]:
    """Return the recording of one cut, with the member as its source."""
    try:
        found = json.loads(content)
        channels = [channel for source in found["sources"] for channel in source["channels"]]
    except (ValueError, LookupError, TypeError) as error:
        raise TarError(f"the description of {sound.name} is not that of a recording") from error
    return {**found, "sources": [{"type": _MEMBER, "channels": channels, "source": sound}]}
