"""What lies in a corpus's folder beside what was read: lists that nobody reads, and sounds that no list names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from os.path import splitext
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.store.folders import files_below
from stages.corpus.lists.files import printable
from stages.corpus.lists.unread import SIDECARS, names_sounds
from stages.corpus.sources.finding import SOUND_SUFFIXES

_MOST_READ = 1000
"""Most files whose content is searched for the sounds' names."""


def refuse_unread_lists(
    folder: Path,
    sounds: Sequence[str],
    remedy: str,
    *,
    deep: bool = True,
    sidecars: bool = True,
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
        Whether folders below are searched too.
    sidecars : bool
        Whether files that have a sound's name and the suffix of a transcript are refused.
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
    beside = _sidecars(others, sounds) if sidecars else []
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
    such names count if there are several.
    """
    whole = {_stem(path): path for path in sounds}
    begun = {begin: path for stem, path in whole.items() if (begin := re.split(r"[_.-][^_.-]*$", stem)[0]) not in whole}
    found, similar = [], []
    for path in others:
        stem = _stem(path).removesuffix(".normalized").removesuffix(".original")
        if splitext(path)[1].lower() in SIDECARS:
            if stem in whole:
                found.append((path, whole[stem]))
            elif stem in begun:
                similar.append((path, begun[stem]))
    return found or (similar if len(similar) > 1 else [])


def _stem(path: str) -> str:
    return splitext(path.rpartition("/")[2])[0]


def _lists(folder: Path, others: Sequence[str], sounds: Sequence[str]) -> list[tuple[str, str]]:
    """Return files whose content names the sounds, each with one of them."""
    plain = [path for path in others if Path(path).suffix.lower() not in SOUND_SUFFIXES]
    answers = ((path, names_sounds(folder / path, sounds)) for path in plain[:_MOST_READ])
    return [(path, example) for path, example in answers if example]


def unnamed_sounds(folder: Path, inside: str, named: Sequence[str]) -> list[str]:
    """Return a line if sounds lie below a folder that no list names.

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
    sounds = (file.path for file in files_below(folder) if splitext(file.path)[1].lower() in SOUND_SUFFIXES)
    unnamed = [path for path in map(printable, sounds) if prefix + path not in known and not _is_hidden(path)]
    return [f"{folder}: sounds that no list names: {len(unnamed)} ({unnamed[0]})"] if unnamed else []
