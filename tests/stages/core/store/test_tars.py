"""Where the members of a tar lie, and how far a tar that is not whole can be read."""

import io
import tarfile
from pathlib import Path

import pytest

from stages.core.store.tars import Member, TarError, members

SIZE = 700
"""Two blocks of 512 bytes; with its header a member has three."""


def write(path: Path, count: int = 3, kind: bytes = tarfile.REGTYPE, mode: str = "w") -> bytes:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for number in range(count):
            info = tarfile.TarInfo(f"./deep/{number}.wav")
            info.size, info.type = (SIZE if kind == tarfile.REGTYPE else 0), kind
            info.linkname = "elsewhere.wav"
            tar.addfile(info, io.BytesIO(bytes([number]) * SIZE) if info.size else None)
    return path.read_bytes()


def read(path: Path) -> tuple[int, str]:
    """Return how many members were found, and why there are no more."""
    count = 0
    try:
        for _ in members(path):
            count += 1
    except TarError as error:
        return count, str(error)
    return count, ""


def test_bytes_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.tar")
    found = list(members(tmp_path / "a.tar"))
    assert found[0] == Member("deep/0.wav", 512, SIZE)
    assert [whole[one.offset : one.offset + one.size] for one in found] == [bytes([n]) * SIZE for n in range(3)]


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "ünïcode.wav"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names(tmp_path: Path, name: str, form: int) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=form) as tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    (member,) = members(tmp_path / "a.tar")
    assert member.name == name
    assert (tmp_path / "a.tar").read_bytes()[member.offset :][:3] == b"abc"


@pytest.mark.parametrize(
    ("length", "count", "reason"),
    [
        (0, 0, "empty: 0 bytes"),
        (100, 0, "not a whole tar (truncated header)"),
        (600, 0, "cut short inside of ./deep/0.wav: it and what followed are lost"),
        (1536, 1, "cut short: it has no end mark, so files may be lost"),
        (1600, 1, "damaged at byte 1536: the files that follow are lost"),
        (4608, 3, "cut short: it has no end mark, so files may be lost"),
        (5632, 3, ""),
    ],
)
def test_a_tar_that_is_cut(tmp_path: Path, length: int, count: int, reason: str) -> None:
    whole = write(tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(whole[:length])
    assert read(tmp_path / "a.tar") == (count, reason)


def test_what_is_no_plain_tar(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    whole = write(path)
    path.write_bytes(whole[:1536] + b"x" * 512 + whole[2048:])
    assert read(path) == (1, "damaged at byte 1536: the files that follow are lost")
    path.write_bytes(whole + whole)
    assert read(path) == (3, "goes on after its end mark (tars that were joined?): what follows is not read")
    write(path, mode="w:gz")
    assert read(path) == (0, "compressed by gzip, so that no clip can be read in place: decompress it")
    write(path, kind=tarfile.SYMTYPE)
    assert read(path)[1].startswith("holds 3 links or special files (./deep/0.wav is the first)")
    write(path, 0)
    assert read(path) == (0, "")
