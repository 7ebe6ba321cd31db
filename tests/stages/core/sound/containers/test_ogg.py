"""Ogg whose streams follow each other, are cut, lack pages or are damaged."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile

from stages.core.sound.containers.ogg import _checksum
from tests.stages.core.sound.containers.conftest import Heard, Written

LONG = 12.0
"""Seconds: enough for several pages."""


def pages(ogg: bytes) -> list[bytes]:
    starts = [0]
    while (found := ogg.find(b"OggS", starts[-1] + 4)) > 0:
        starts.append(found)
    return [ogg[start:end] for start, end in zip(starts, [*starts[1:], len(ogg)], strict=True)]


def changed(page: bytes, at: int, form: str, value: int) -> bytes:
    """Write a field of a page and its new checksum."""
    page = page[:at] + struct.pack(form, value) + page[at + struct.calcsize(form) :]
    page = page[:22] + bytes(4) + page[26:]
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


Change = Callable[[bytes], bytes]
FILES: dict[str, tuple[Change, float | str]] = {
    "as it is": (lambda ogg: ogg, LONG),
    "two streams": (lambda ogg: ogg + ogg, 2 * LONG),
    "four streams": (lambda ogg: ogg * 4, 4 * LONG),
    "the second stream is cut": (lambda ogg: ogg + ogg[: len(ogg) * 2 // 3], "ends before its last page does"),
    "half": (lambda ogg: ogg[: len(ogg) // 2], "ends before its last page does: it was cut"),
    "a byte short": (lambda ogg: ogg[:-1], "ends before its last page does: it was cut"),
    "without its last page": (lambda ogg: b"".join(pages(ogg)[:-1]), "no page closes it"),
    "not closed": (lambda ogg: b"".join([*pages(ogg)[:-1], changed(pages(ogg)[-1], 5, "B", 0)]), "no page closes it"),
    "without a page": (lambda ogg: b"".join([*pages(ogg)[:3], *pages(ogg)[4:]]), "lacks a part: page 3 is missing"),
    "headers alone": (lambda ogg: b"".join(pages(ogg)[:2]), "no page closes it"),
    "first page alone": (lambda ogg: pages(ogg)[0], "no page closes it"),
    "a changed byte": (
        lambda ogg: ogg[: len(ogg) // 2] + b"!!!!" + ogg[len(ogg) // 2 + 4 :],
        "the checksum of its page",
    ),
    "a hole": (lambda ogg: ogg[: len(ogg) // 2] + bytes(3000) + ogg[len(ogg) // 2 + 3000 :], "is damaged"),
    "junk between pages": (lambda ogg: pages(ogg)[0] + b"junk" + b"".join(pages(ogg)[1:]), "is damaged"),
    "junk after it": (lambda ogg: ogg + b"junk" * 50, LONG),
    "a tag after it": (lambda ogg: ogg + b"TAG" + bytes(125), LONG),
    "a tag before it": (lambda ogg: b"ID3\4\0\0\0\0\0\x40" + bytes(64) + ogg, LONG),
    "the position of the last page too late": (
        lambda ogg: b"".join([*pages(ogg)[:-1], changed(pages(ogg)[-1], 6, "<Q", 48_000 * 60)]),
        "only, of|ends before",
    ),
}


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def ogg(request: Any, written: Written) -> bytes:
    return written("OGG", request.param, LONG)


@pytest.mark.parametrize("name", FILES)
def test_ogg(name: str, ogg: bytes, heard: Heard) -> None:
    change, expected = FILES[name]
    answer = heard(change(ogg))
    if isinstance(expected, float):
        assert answer == pytest.approx(expected, abs=0.01)
    else:
        with pytest.raises(ValueError, match=expected):
            raise ValueError(answer)


def test_streams_of_different_rates_are_named(written: Written, heard: Heard) -> None:
    joined = written("OGG", "VORBIS") + written("OGG", "VORBIS", rate=44_100)
    assert "holds a second stream after the first (of another rate" in str(heard(joined))


def test_streams_side_by_side_are_named(written: Written, heard: Heard) -> None:
    one, other = (pages(written("OGG", "VORBIS")) for _ in range(2))
    other = [changed(page, 14, "<I", 77) for page in other]
    both = one[0] + other[0] + b"".join(one[1:]) + b"".join(other[1:])
    assert "side by side" in str(heard(both))


def test_a_video_is_named(written: Written, heard: Heard) -> None:
    sound = pages(written("OGG", "VORBIS"))
    picture = changed(changed(sound[0][:28] + b"\x80theora", 26, "B", 1), 27, "B", 7)
    picture = changed(picture, 14, "<I", 77)
    assert "video" in str(heard(sound[0] + picture + b"".join(sound[1:])))


def test_quiet_sound_in_few_packets(heard: Heard) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(30 * 16_000), 16_000, format="OGG", subtype="VORBIS")
    assert heard(buffer.getvalue()) == 30.0
