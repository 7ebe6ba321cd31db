"""Pointers of Git LFS: small text files that stand where the content was not fetched."""

from __future__ import annotations

from pathlib import Path

_BEGIN = b"version https://git-lfs.github.com/spec/"

POINTER = "a pointer of Git LFS, not the file itself: fetch it with 'git lfs pull'"
"""What to say of such a file."""


def is_pointer(path: Path) -> bool:
    """Return whether a file is a pointer of Git LFS. Only its beginning is read; a missing file is none."""
    try:
        with path.open("rb") as handle:
            return handle.read(len(_BEGIN)) == _BEGIN
    except OSError:
        return False
