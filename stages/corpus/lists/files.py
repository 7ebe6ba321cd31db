"""Find the file that a list names: beside the list, in the corpus's folder, after a move, or written otherwise."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from stages.core.errors import EarwitnessError


class ListedFiles:
    """The files below a folder, found by the paths that lists give for them.

    Each folder on the way is listed once. What was found only by a detour is counted, for `notes`.

    Parameters
    ----------
    folder : Path
        The corpus's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, dict[str, bool] | None] = {}
        self._composed: dict[str, dict[str, list[str]]] = {}
        self._moved: dict[str, str] = {}
        self._recomposed = 0
        self._beginnings: dict[str, int] = {}

    def find(self, listed: str, bases: tuple[str, ...], place: str) -> str:
        """Return the path, relative to the corpus's folder, of the file that a list names.

        Parameters
        ----------
        listed : str
            As the list gives it.
        bases : tuple of str
            Folders, relative to the corpus's, below which a relative path is looked for, in this order.
        place : str
            File and row, for messages.

        Returns
        -------
        str
            If there is no such file, the path below the first base.

        Raises
        ------
        EarwitnessError
            For a path that leaves the corpus's folder, and for two absolute paths that lead to one file.
        """
        path = unquote(listed.removeprefix("file://")) if listed.startswith("file://") else listed.replace("\\", "/")
        if posixpath.isabs(path) or path[1:3] == ":/":
            return self._absolute(path, bases, place)
        joined = [posixpath.normpath(posixpath.join(base, path)) for base in bases]
        inside = [name for name in joined if name.split("/")[0] != ".."]
        if not inside:
            raise _outside(listed, place)
        for name in inside:
            if self.is_file(name):
                return name
        for name in inside:
            if found := self._composed_otherwise(name):
                self._recomposed += is_utf8(found)  # a name that is not UTF-8 is set aside with a reason of its own
                return found
        return inside[0]

    def notes(self) -> list[str]:
        """Return a line for each kind of detour that was needed."""
        lines = [
            f"{self.folder}: absolute paths that begin with {beginning!r}, which is not here, and lead to recordings "
            f"of the same name in the corpus's folder: {count}"
            for beginning, count in self._beginnings.items()
        ]
        if self._recomposed:
            lines.append(
                f"{self.folder}: recordings found though the list writes their names with other Unicode characters "
                f"that look the same: {self._recomposed}"
            )
        return lines

    def is_file(self, path: str) -> bool:
        """Return whether a path, relative to the corpus's folder and without ``..``, leads to a file."""
        parent, _, name = path.rpartition("/")
        names = self._listed(parent)
        return bool(names) and (names or {}).get(name, False)

    def _listed(self, parent: str) -> dict[str, bool] | None:
        """Return the names in a folder, each with whether it is a file; None if there is no such folder."""
        if parent not in self._names:
            try:
                with os.scandir(self.folder / parent) as entries:
                    self._names[parent] = {entry.name: entry.is_file() for entry in entries}
            except (OSError, ValueError):  # also a name that the file system does not accept
                self._names[parent] = None
        return self._names[parent]

    def _absolute(self, path: str, bases: tuple[str, ...], place: str) -> str:
        """Find an absolute path: below the resolved folder, or by the longest end of it that leads to a file here."""
        root = str(self.folder.resolve())
        if path.startswith(root + "/") and self.is_file(inside := posixpath.normpath(path[len(root) + 1 :])):
            return inside
        parts = path.split("/")[1:]
        ends = ["/".join(parts[index:]) for index in range(len(parts))]
        for end in ends:
            for base in bases:
                name = posixpath.normpath(posixpath.join(base, end))
                if name.split("/")[0] != ".." and (self.is_file(name) or (name := self._composed_otherwise(name))):
                    return self._moved_here(path, end, name, place)
        raise _outside(path, place)

    def _moved_here(self, path: str, end: str, name: str, place: str) -> str:
        if os.path.exists(path) and not os.path.samefile(path, self.folder / name):
            raise _outside(path, place)
        if self._moved.setdefault(name, path) != path:
            raise EarwitnessError(
                f"{place}: {path!r} and {self._moved[name]!r} are not here, and {self.folder / name} could be either: "
                "write paths relative to the list"
            )
        if not os.path.exists(path):
            beginning = path[: len(path) - len(end)]
            self._beginnings[beginning] = self._beginnings.get(beginning, 0) + 1
        return name

    def _composed_otherwise(self, path: str) -> str:
        """Return the path of the one file whose name differs only by Unicode composition; blank if there is none."""
        if path.isascii():
            return ""
        found = ""
        for part in path.split("/"):
            names = self._listed(found)
            if names is None:
                return ""
            if part not in names:
                alike = self._alike(found).get(_composed(part), [])
                if len(alike) != 1:
                    return ""
                part = alike[0]
            found = f"{found}/{part}" if found else part
        return found if self.is_file(found) else ""

    def _alike(self, parent: str) -> dict[str, list[str]]:
        if parent not in self._composed:
            self._composed[parent] = {}
            for name in self._listed(parent) or {}:
                self._composed[parent].setdefault(_composed(name), []).append(name)
        return self._composed[parent]


def _composed(name: str) -> str:
    """Return a name in composed form; a name that is not UTF-8 is read as Latin-1, so that it can be named."""
    try:
        return unicodedata.normalize("NFC", os.fsencode(name).decode())
    except UnicodeDecodeError:
        return unicodedata.normalize("NFC", os.fsencode(name).decode("latin-1"))


def _outside(path: str, place: str) -> EarwitnessError:
    parent = posixpath.dirname(path)
    return EarwitnessError(
        f"{place}: {path!r} leaves the corpus's folder: put a link to {parent!r}, of the same name, inside it"
    )


def printable(name: str) -> str:
    r"""Return a file's name for one line of text: control characters and bytes that are not UTF-8 become \xNN."""
    if name.isascii() and name.isprintable():
        return name
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def is_utf8(name: str) -> bool:
    """Return whether a file's name is UTF-8, as tables require."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
