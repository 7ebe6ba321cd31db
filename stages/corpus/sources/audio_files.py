"""Recordings without a list. It is read where no other layout is recognised."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from stages.core.config.nouns import Corpus
from stages.core.sound.containers.kinds import HEAD, FileKind, kind_of
from stages.core.sound.containers.stream import Undecodable
from stages.core.sound.ffmpeg import require_ffmpeg
from stages.core.sound.recordings import Recording
from stages.core.sound.streamed import RAW, opened
from stages.core.store.folders import dangling_below, files_below
from stages.corpus.sources.finding import SOUND_SUFFIXES
from stages.corpus.sources.source import Listed, Row, SetAside, source


@source("audio_files", recognises=lambda folder: "")
def read_audio_files(folder: Path, corpus: Corpus) -> Listed:
    """List every audio file below a folder; its id is its path, without the suffix if that is one of `SOUND_SUFFIXES`.

    A file with one of `SOUND_SUFFIXES` is taken for a recording. The first bytes of any other file say what it is: it
    is a recording if libsndfile opens it, whatever its suffix. A video, or sound that only ffmpeg reads, is set aside
    where ffmpeg is missing. Text, tables, images and archives are no recordings. Hidden files are not looked at.
    """
    del corpus
    paths = [PurePosixPath(file.path) for file in files_below(folder)]
    found: list[PurePosixPath] = []
    listed = Listed([])
    unread: list[str] = []
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.suffix.lower() in SOUND_SUFFIXES:
            found.append(path)
            continue
        kind, reason = _looked_at(folder / path)
        if kind is None:
            found.append(path)
        elif reason:
            listed.set_aside.append(SetAside(path.as_posix(), path.as_posix(), reason))
        elif kind.family in ("archive", "unknown"):
            unread.append(f"{path} ({kind.words})")
    listed.set_aside.extend(_lost_links(folder))
    listed.rows.extend(_row(folder, path) for path in found)
    if unread:
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        listed.notes.append(f"{folder}: not read as sound: {unread[0]}{more}")
    return listed


def _looked_at(path: Path) -> tuple[FileKind | None, str]:
    """Return None for a recording; otherwise what the file is, and why it is set aside, blank if it is no recording."""
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD))
    except OSError as error:
        return FileKind("unknown", f"cannot be read: {error.strerror}"), ""
    try:
        if kind.family == "ffmpeg":
            require_ffmpeg(kind)
            return None, ""
        if kind.family in ("sound", "unknown"):
            with opened(path):
                return None, ""
    except Undecodable as error:
        named = kind.family != "unknown" or path.suffix.lower() in RAW
        return kind, error.reason if named else ""
    return kind, ""


def _lost_links(folder: Path) -> list[SetAside]:
    return [
        SetAside(path, path, "a link that leads nowhere: its file was not fetched (with git-annex: 'git annex get')")
        for path in dangling_below(folder)
        if PurePosixPath(path).suffix.lower() in SOUND_SUFFIXES and not PurePosixPath(path).name.startswith(".")
    ]


def _row(folder: Path, path: PurePosixPath) -> Row:
    bare = path.with_suffix("") if path.suffix.lower() in SOUND_SUFFIXES else path
    return Row(str(folder / path), recording=Recording(path.as_posix()), clip_id=bare.as_posix())
