"""The members of a tar that is not compressed: names, and where their bytes lie. Only headers are read."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LOOKED_AT = 2**20
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}


class Member(NamedTuple):
    """A file in a tar.

    Attributes
    ----------
    name : str
        Without a leading ``./``.
    offset, size : int
        Of its bytes in the tar.
    """

    name: str
    offset: int
    size: int


class TarError(Exception):
    """A tar that cannot be read to its end. The message is a phrase that does not name the tar."""


def members(path: Path) -> Iterator[Member]:
    """Yield the files of a tar in their order; folders are passed over.

    Raises
    ------
    TarError
        After the last whole file, if the tar is cut, damaged, compressed or none at all, holds a link, or goes on after
        its end.
    """
    links: list[str] = []
    try:
        with tarfile.open(path, "r:") as tar:
            while (info := tar.next()) is not None:
                vars(tar)["members"].clear()  # tarfile would keep every one
                if info.isreg() and not info.issparse():
                    _check_whole(info, path)
                    yield Member(info.name.removeprefix("./"), info.offset_data, info.size)
                elif not info.isdir():
                    links.append(info.name)
            end = tar.offset
    except (tarfile.TarError, OSError, ValueError) as error:
        raise TarError(_reason(path, error)) from error
    _check_end(path, end)
    if links:
        raise TarError(f"holds {len(links)} links or special files ({links[0]} is the first), which are not read")


def _check_whole(info: tarfile.TarInfo, path: Path) -> None:
    if info.offset_data + info.size > path.stat().st_size:
        raise TarError(f"cut short inside of {info.name}: it and what followed are lost")


def _check_end(path: Path, end: int) -> None:
    """Check that two blocks of zeros end the tar, and that no other tar was appended to it."""
    with path.open("rb") as handle:
        handle.seek(end)
        mark = handle.read(tarfile.BLOCKSIZE)
        rest = handle.read(_LOOKED_AT)
    if any(mark):
        raise TarError(f"damaged at byte {end}: the files that follow are lost")
    if len(mark) < tarfile.BLOCKSIZE:
        raise TarError("cut short: it has no end mark, so files may be lost")
    if any(rest):
        raise TarError("goes on after its end mark (tars that were joined?): what follows is not read")


def _reason(path: Path, error: Exception) -> str:
    with path.open("rb") as handle:
        begin = handle.read(6)
    for mark, name in _COMPRESSED.items():
        if begin.startswith(mark):
            return f"compressed by {name}, so that no clip can be read in place: decompress it"
    if not begin:
        return "empty: 0 bytes"
    return f"not a whole tar ({str(error).rstrip('.') or type(error).__name__})"
