"""FLAC: the number of samples in its header is held against the number in its last frame."""

from __future__ import annotations

import struct
from typing import NamedTuple

from stages.core.sound.containers.stream import Stream, Undecodable, View

MARKER = b"fLaC"
INFO = MARKER + b"\x00\x00\x00\x22"
"""How a stream begins: the marker, and the block STREAMINFO of 34 bytes (0x80 in place of 0 if it is the only one)."""
TAIL = 1 << 17
"""Bytes at the end within which the last frame begins; frames are seldom longer than 64 KiB."""
_SIZES = {
    1: 192,
    **{code: 576 << (code - 2) for code in range(2, 6)},
    **{code: 256 << (code - 8) for code in range(8, 16)},
}


class StreamInfo(NamedTuple):
    """The fields of STREAMINFO that lengths need."""

    block: int
    rate: int
    channels: int
    bits: int
    total: int


def flac_streams(view: View) -> list[Stream]:
    """Return the streams of a FLAC file; several if files were joined.

    Raises
    ------
    Undecodable
        If it ends before its header says.
    """
    first = view.find(MARKER)
    starts = [first]
    while (found := _next_stream(view, starts[-1] + 4)) > 0:
        starts.append(found)
    if len(starts) == 1:
        return [_stream(view, first, len(view), whole=True)]
    return [_stream(view, start, end, whole=False) for start, end in zip(starts, [*starts[1:], len(view)], strict=True)]


def _next_stream(view: View, start: int) -> int:
    found = [at for at in (view.find(INFO, start), view.find(MARKER + b"\x80\x00\x00\x22", start)) if at > 0]
    return min(found, default=-1)


def _stream(view: View, start: int, end: int, *, whole: bool) -> Stream:
    info = _info(view[start : start + 42])
    end = _without_tag(view, end)
    last = _last_sample(view[max(start + 42, end - TAIL) : end], info)
    slack = max(info.block, 4096) / info.rate
    if info.total and last < info.total - info.block and last:
        raise Undecodable(f"ends before its header says ({last / info.rate:.3f} s of {info.total / info.rate:.3f} s)")
    if info.total and last <= info.total:
        data = None if whole else bytes(view[start:end])
        return Stream(data, info.total / info.rate, 0.0)
    # Its header does not tell the length, or tells too little: libsndfile reads on to the end if the total is 0.
    head = bytearray(view[start : start + 42])
    head[21] &= 0xF0
    head[22:26] = bytes(4)
    return Stream(bytes(head) + view[start + 42 : end], last / info.rate if last else None, slack)


def _info(head: bytes) -> StreamInfo:
    if len(head) < 42:
        raise Undecodable("ends before its sound begins")
    (packed,) = struct.unpack_from(">Q", head, 18)
    rate = packed >> 44
    if not rate:
        raise Undecodable("not audio that can be decoded (its header states no rate)")
    (block,) = struct.unpack_from(">H", head, 10)
    return StreamInfo(block, rate, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & (1 << 36) - 1)


def _without_tag(view: View, end: int) -> int:
    return end - 128 if view[max(0, end - 128) : end][:3] == b"TAG" else end


def _last_sample(tail: bytes, info: StreamInfo) -> int:
    """Return the number of samples up to the end of the last frame whose header is in `tail`; 0 if there is none."""
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:
        if tail[at + 1 : at + 2] in (b"\xf8", b"\xf9") and (end := _frame_end(tail[at : at + 16], info)):
            return end
    return 0


def _frame_end(head: bytes, info: StreamInfo) -> int:
    """Return the sample at which a frame ends; 0 if the bytes are no header of a frame of this stream."""
    if len(head) < 6 or not _channels_fit(head[3] >> 4, info.channels) or head[3] & 1:
        return 0
    number, at = _coded_number(head, 4)
    code = head[2] >> 4
    if number < 0 or code == 0:
        return 0
    size, at = (
        (int.from_bytes(head[at : at + code - 5], "big") + 1, at + code - 5) if code in (6, 7) else (_SIZES[code], at)
    )
    at += {12: 1, 13: 2, 14: 2}.get(head[2] & 15, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return 0
    return (number if head[1] & 1 else number * info.block) + size


def _channels_fit(code: int, channels: int) -> bool:
    return code + 1 == channels if code < 8 else channels == 2 and code < 11


def _coded_number(head: bytes, at: int) -> tuple[int, int]:
    """Read a number that is coded as UTF-8 codes characters, of up to seven bytes; -1 if it is no such code."""
    first = head[at]
    if first < 0x80:
        return first, at + 1
    more = 8 - (first ^ 0xFF).bit_length() - 1
    rest = head[at + 1 : at + 1 + more]
    if more < 1 or len(rest) < more or any(byte >> 6 != 2 for byte in rest):
        return -1, at
    number = first & (0x3F >> more)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, at + 1 + more


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ 0x07 if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc
