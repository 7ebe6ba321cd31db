"""What lies in a corpus's folder beside what was read: lists that nobody reads, and sounds that no list names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from os.path import splitext
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.sound.containers.kinds import HEAD, kind_of
from stages.core.store.folders import files_below
from stages.corpus.lists.files import printable
from stages.corpus.lists.unread import SIDECARS, names_sounds
from stages.corpus.sources.finding import SOUND_SUFFIXES

_MOST_READ = 1000
"""Most files whose content is searched for the sounds' names, or for text."""

_ABOUT = re.compile(r"(readme|licen[cs]e|copying|changelog|citation|notice|authors|version)\b", re.IGNORECASE)
"""Names of files that tell of a whole folder."""


def refuse_unread_lists(
    folder: Path,
    sounds: Sequence[str],
    remedy: str,
    *,
    deep: bool = True,
    read: Collection[str] = (),
) -> None:
    """Refuse a folder in which a file looks like a list of the sounds, or lies beside a sound as its transcript.

    Parameters
    ----------
    folder : Path
    sounds : sequence of str
        Paths of the sounds that were found, relative to `folder`.
    remedy : str
        What to do, for the message.
    deep : bool
        Whether folders below are searched too. If not, the sounds lie in them, and no file is beside one.
    read : collection of str
        Suffixes of files beside the sounds, with their names, that are read.

    Raises
    ------
    EarwitnessError
        The message names the file, one of the sounds that it names, and the number of other such files.
    """
    taken = set(sounds)
    taken |= {name + suffix for path in sounds for name in (path, splitext(path)[0]) for suffix in read}
    others = [path for path in _files(folder, deep) if path not in taken and not _is_hidden(path)]
    beside = _sidecars(others, sounds) if deep else []
    found = beside or _lists(folder, others, sounds)
    if found:
        path, example = found[0]
        looks = "looks like the transcript of" if beside else "looks like a list of the recordings: it names"
        more = f" ({len(found) - 1} more files do so)" if len(found) > 1 else ""
        raise EarwitnessError(
            f"{folder / printable(path)}: {looks} {printable(example)}, and is not read{more}: {remedy}"
        )


def _files(folder: Path, deep: bool) -> list[str]:
    if deep:
        return [file.path for file in files_below(folder)]
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _sidecars(others: Sequence[str], sounds: Sequence[str]) -> list[tuple[str, str]]:
    """Return files that have a sound's name and the suffix of a transcript, each with the sound.

    They may lie in another folder, as in VCTK. There, and in other corpora, the name of a sound goes on (``_mic1``):
    such names count if there are several. Where the common beginning holds a digit, it names a session, as in AMI
    (``ES2002a.A.words.xml`` and ``ES2002a.Headset-0.wav``), and one file counts; so does the name of a sound's folder.
    """
    near = {_without_suffix(path): path for path in sounds}
    whole = {_stem(path): path for path in sounds}
    begun = {begin: path for stem, path in whole.items() if (begin := _shorter(stem)) not in whole}
    sessions = _sessions(sounds)
    found, similar, of_session = [], [], []
    for path in others:
        stem = _stem(path).removesuffix(".normalized").removesuffix(".original")
        if splitext(path)[1].lower() not in SIDECARS:
            continue
        if stem in whole:
            found.append((path, near.get(_without_suffix(path), whole[stem])))
        elif stem in begun:
            similar.append((path, begun[stem]))
        elif session := next((begin for begin in _beginnings(stem) if begin in sessions), ""):
            of_session.append((path, sessions[session]))
    alone = [(path, sound) for path, sound in similar if _names_session(_stem(path))]
    return found or (similar if len(similar) > 1 else alone) or of_session


def _sessions(sounds: Sequence[str]) -> dict[str, str]:
    """Return names of sessions, each with a sound: beginnings of names with a digit in them, and such folders."""
    found: dict[str, str] = {}
    for path in sounds:
        *folders, _ = path.split("/")
        for name in (*_beginnings(_shorter(_stem(path))), *filter(_names_session, folders)):
            found.setdefault(name, path)
    return found


def _beginnings(stem: str) -> Iterator[str]:
    """Yield a name, and what is left of it without its last parts, as long as that holds a digit."""
    while _names_session(stem):
        yield stem
        shorter = _shorter(stem)
        stem = "" if shorter == stem else shorter


def _shorter(stem: str) -> str:
    return re.split(r"[_.-][^_.-]*$", stem)[0]


def _names_session(name: str) -> bool:
    return any(letter.isdigit() for letter in name)


def _without_suffix(path: str) -> str:
    return splitext(path)[0]


def _stem(path: str) -> str:
    return splitext(path.rpartition("/")[2])[0]


def _lists(folder: Path, others: Sequence[str], sounds: Sequence[str]) -> list[tuple[str, str]]:
    """Return files whose content names the sounds, each with one of them."""
    plain = [path for path in others if Path(path).suffix.lower() not in SOUND_SUFFIXES]
    answers = ((path, names_sounds(folder / path, sounds)) for path in plain[:_MOST_READ])
    return [(path, example) for path, example in answers if example]


def unread_texts(folder: Path, sounds: Sequence[str]) -> list[str]:
    """Return a line if text lies beside sounds that have no list: it may hold their transcripts, whatever its name."""
    taken = set(sounds)
    others = [path for path in _files(folder, deep=True) if path not in taken and not _is_hidden(path)]
    texts = [
        path for path in others[:_MOST_READ] if not _ABOUT.match(path.rpartition("/")[2]) and _is_text(folder / path)
    ]
    return [f"{folder}: files of text that are not read: {len(texts)} ({printable(texts[0])})"] if texts else []


def _is_text(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return kind_of(content.read(HEAD)).words.startswith("text")
    except OSError:
        return False


def unnamed_sounds(folder: Path, inside: str, named: Sequence[str]) -> list[str]:
    """Return a line if sounds lie below a folder that no list names; it names a list that does and is not read.

    Parameters
    ----------
    folder : Path
    inside : str
        That folder, relative to the corpus's.
    named : sequence of str
        Paths relative to the corpus's folder.
    """
    known = {printable(path) for path in named}
    prefix = f"{inside}/" if inside else ""
    files = [path for path in _files(folder, deep=True) if not _is_hidden(path)]
    sounds = [path for path in files if splitext(path)[1].lower() in SOUND_SUFFIXES]
    unnamed = [path for path in sounds if prefix + printable(path) not in known]
    if not unnamed:
        return []
    unread = next((path for path, _ in _lists(folder, files, unnamed)), "")
    of_them = f"; {printable(unread)} looks like a list of such, and is not read" if unread else ""
    return [f"{folder}: sounds that no list names: {len(unnamed)} ({printable(unnamed[0])}){of_them}"]
