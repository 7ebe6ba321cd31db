"""The type of a source, the rows that it yields, and the registry of sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from stages.core.config.nouns import Corpus
from stages.core.run.registry import Registry
from stages.core.sound.recordings import Recording


@dataclass(frozen=True)
class Row:
    """One clip as a source lists it, before columns are mapped.

    Attributes
    ----------
    place : str
        File and row that list the clip, for messages.
    cells : mapping of str to object
        The value of each column as the list holds it; `stages.corpus.lists.cells.as_text` says what text it has.
    recording : Recording or None
        Where the sound lies, relative to the folder that was read; None if the column of the path says it.
    clip_id : str
        The id, where the layout itself has one; blank if a column holds it, or if the path gives it.
    table : str
        The list that holds the row; columns are mapped for each list. Blank if the rows stand in no list.
    inside : str
        The list's folder, relative to the folder that was read. A path is looked for there, then in the folder itself.
    """

    place: str
    cells: Mapping[str, object] = field(default_factory=dict)
    recording: Recording | None = None
    clip_id: str = ""
    table: str = ""
    inside: str = ""


@dataclass(frozen=True)
class SetAside:
    """A row or a file that gives no clip, with a phrase that says why. It goes to quarantine."""

    clip_id: str
    path: str
    reason: str


@dataclass(frozen=True)
class Listed:
    """What a source found in a folder.

    Attributes
    ----------
    rows : list of Row
    set_aside : list of SetAside
    notes : list of str
        Lines for preflight and the terminal, each naming a file or a column: what was recognised, what is not read.
    """

    rows: list[Row]
    set_aside: list[SetAside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """A layout of recordings and their transcripts.

    Attributes
    ----------
    recognises : callable
        ``recognises(folder) -> str``: the name of the file or folder by which this layout is recognised, relative to
        `folder`; blank if it is another layout. Nothing is decoded, and no large file is read whole.
    read : callable
        ``read(folder, corpus) -> Listed``. Raises `EarwitnessError` for a list that cannot be read.
    """

    recognises: Callable[[Path], str]
    read: Callable[[Path, Corpus], Listed]


SOURCES: Registry[Layout] = Registry("source of recordings")

Read = TypeVar("Read", bound=Callable[[Path, Corpus], Listed])


def source(name: str, *, recognises: Callable[[Path], str]) -> Callable[[Read], Read]:
    """Register the decorated function as the reader of a layout; see `Layout`."""

    def add(function: Read) -> Read:
        SOURCES.register(name)(Layout(recognises, function))
        return function

    return add
