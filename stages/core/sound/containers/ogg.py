"""Ogg (Vorbis, Opus): pages are walked, because decoders stop after the first of several streams."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from stages.core.sound.containers.stream import Stream, Undecodable, View

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_VIDEO = (b"\x80theora", b"BBCD", b"OVP80")
FIRST, LAST = 2, 4
"""Flags of a page: it begins or closes a stream."""
LONGEST_PACKET = {b"vorbis": 8192, b"opus": 5760}
"""In samples of the stream's own count."""
UNFINISHED = (1 << 64) - 1
"""The position of a page on which no packet ends."""


class Page(NamedTuple):
    """A page of a stream."""

    start: int
    flags: int
    position: int
    serial: int
    number: int
    content: bytes
    packets: int


@dataclass
class Link:
    """One of several streams that follow each other, with the first packets that tell its codecs."""

    start: int
    heads: dict[int, bytes] = field(default_factory=dict)
    pages: dict[int, list[Page]] = field(default_factory=dict)


def ogg_streams(view: View) -> list[Stream]:
    """Return the streams of an Ogg file, one for each link of a chain.

    Raises
    ------
    Undecodable
        If a page is missing, damaged or cut, if the last one does not close its stream, and for a video.
    """
    links: list[Link] = []
    for page in _pages(view):
        if page.flags & FIRST:
            if not links or links[-1].pages:
                links.append(Link(page.start))
            links[-1].heads[page.serial] = page.content[:64]
        elif links:
            links[-1].pages.setdefault(page.serial, []).append(page._replace(content=b""))
    ends = [*(link.start for link in links[1:]), len(view)]
    return [
        _stream(view, link, stop, alone=len(links) == 1 and not link.start)
        for link, stop in zip(links, ends, strict=True)
    ]


def _pages(view: View) -> Iterator[Page]:
    at = 0
    while (found := view.find(b"OggS", at)) >= 0:
        if found > at:
            raise Undecodable(f"is damaged: {found - at} bytes from byte {at} on are no Ogg page")
        if len(view) < found + 27 or len(view) < found + 27 + view[found + 26]:
            raise Undecodable("ends before its last page does: it was cut")
        _, flags, position, serial, number, checksum, count = struct.unpack("<BBQIIIB", view[found + 4 : found + 27])
        sizes = view[found + 27 : found + 27 + count]
        body = found + 27 + count
        at = body + sum(sizes)
        if at > len(view):
            raise Undecodable("ends before its last page does: it was cut")
        if _checksum(view[found : found + 22] + bytes(4) + view[found + 26 : at]) != checksum:
            raise Undecodable(f"is damaged: the checksum of its page {number} is wrong")
        yield Page(found, flags, position, serial, number, view[body:at], sum(size < 255 for size in sizes))


def _checksum(page: bytes) -> int:
    """Return Ogg's checksum: zlib's, of reversed bits and from 0."""
    crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)


def _stream(view: View, link: Link, end: int, *, alone: bool) -> Stream:
    if any(head.startswith(_VIDEO) for head in link.heads.values()):
        raise Undecodable("a video: save its sound as a file of its own")
    sounds = {serial: found for serial, head in link.heads.items() if (found := _codec(head))}
    data = None if alone else bytes(view[link.start : end])
    if not sounds:
        return Stream(data)
    if len(sounds) > 1:
        raise Undecodable("holds several streams of sound side by side: save each as a file of its own")
    serial, (codec, rate, skipped) = next(iter(sounds.items()))
    pages = link.pages.get(serial, [])
    for before, page in pairwise(pages):
        if page.number != before.number + 1:
            raise Undecodable(f"lacks a part: page {before.number + 1} is missing")
    if not pages or not pages[-1].flags & LAST:
        raise Undecodable("ends before its stream does: no page closes it, so it was cut or not written to its end")
    positions = [page.position for page in pages if page.position not in (0, UNFINISHED)]
    first = next((page for page in pages if page.position not in (0, UNFINISHED)), None)
    begun = first.position if first and first.position > LONGEST_PACKET[codec] * (first.packets + 1) else 0
    held = max(0, (positions[-1] if positions else 0) - begun - (0 if begun else skipped))
    return Stream(data, held / rate, LONGEST_PACKET[codec] / rate)


def _codec(head: bytes) -> tuple[bytes, int, int] | None:
    """Return codec, rate of positions and samples to skip; None for what is no sound that is decoded here."""
    if head.startswith(b"\x01vorbis") and len(head) >= 16:
        return b"vorbis", max(1, struct.unpack_from("<I", head, 12)[0]), 0
    if head.startswith(b"OpusHead") and len(head) >= 12:
        return b"opus", 48_000, struct.unpack_from("<H", head, 10)[0]
    return None
