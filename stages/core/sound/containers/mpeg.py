"""MP3 and its older layers: frames are counted, because headers state lengths wrongly or only estimate them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from stages.core.sound.containers.stream import Stream, Undecodable, View

_KBITS = {  # by (version 1?, layer): the bit rates of the indices 1 to 14
    (True, 1): [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    (True, 2): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    (True, 3): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    (False, 1): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    (False, 2): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    (False, 3): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
_HERTZ = [44_100, 48_000, 32_000]
_TAGS = (b"TAG", b"ID3", b"APE", b"LYR")
CHAIN = 4
"""Frames that must follow each other where the first is searched for."""
NEAR = 1 << 16
"""Bytes in which the first frame is searched for."""
TRIMMED = 3
"""Frames by which a decoder may shorten a file: the encoder's delay and padding, which LAME's header states."""


class FrameHeader(NamedTuple):
    """Length in bytes, samples, rate and version of a frame."""

    length: int
    samples: int
    rate: int
    first_version: bool


@dataclass
class FrameRun:
    """Frames one after another, from a header frame (or the beginning) up to the next."""

    start: int
    rate: int
    samples: int
    mono: bool
    stated: int | None = None
    stated_at: int = 0
    has_header: bool = False
    frames: int = 0
    end: int = 0
    cut: bool = False


@cache
def frame_header(second: int, third: int) -> FrameHeader | None:
    """Return what the second and third byte of a frame say; None if they begin no frame."""
    version, layer, rate_code, bit_code = second >> 3 & 3, 4 - (second >> 1 & 3), third >> 2 & 3, third >> 4
    if second < 0xE0 or version == 1 or layer == 4 or rate_code == 3 or bit_code in (0, 15):
        return None
    first = version == 3
    rate = _HERTZ[rate_code] >> {3: 0, 2: 1, 0: 2}[version]
    bits = _KBITS[first, layer][bit_code - 1] * 1000
    padding = third >> 1 & 1
    if layer == 1:
        return FrameHeader((12 * bits // rate + padding) * 4, 384, rate, first)
    samples = 1152 if layer == 2 or first else 576
    return FrameHeader(samples // 8 * bits // rate + padding, samples, rate, first)


def begins_frame(view: View, at: int) -> bool:
    """Return whether a frame begins at `at`, and after it another one or the end."""
    header = _header(view, at)
    if header is None:
        return False
    after = at + header.length
    return after >= len(view) - 4 or _header(view, after) is not None or view[after : after + 3] in _TAGS


def first_frame(view: View, start: int) -> int | None:
    """Return where frames begin that follow each other; None if none do near `start`.

    A recording of a stream begins in the middle of a frame. `CHAIN` frames are no chance.
    """
    most = min(len(view), start + NEAR)
    at = start
    while (at := view.find(b"\xff", at, most)) >= 0:
        if _chained(view, at):
            return at
        at += 1
    return None


def _chained(view: View, at: int) -> bool:
    for _ in range(CHAIN):
        header = _header(view, at)
        if header is None:
            return False
        at += header.length
    return True


def mpeg_streams(view: View, start: int) -> list[Stream]:
    """Return the streams of an MP3 file whose first frame is at `start`; several if files were joined.

    Raises
    ------
    Undecodable
        If it ends before its header says, is damaged, or changes its rate or its channels.
    """
    return [_stream(view, run) for run in _runs(view, start)]


def _header(view: View, at: int) -> FrameHeader | None:
    return frame_header(view[at + 1], view[at + 2]) if at + 4 <= len(view) and view[at] == 0xFF else None


def _runs(view: View, at: int) -> list[FrameRun]:
    runs: list[FrameRun] = []
    while at + 4 <= len(view):
        header = _header(view, at)
        if header is None:
            at = _after_tag(view, at, runs)
            continue
        if not runs or _has_tag(view, at, header):
            runs.append(_run(view, at, header))
        run = runs[-1]
        if header.rate != run.rate or (view[at + 3] >> 6 == 3) is not run.mono:
            raise Undecodable("holds a second stream after the first (of another rate or number of channels)")
        if at + header.length > len(view):
            run.cut = True
            break
        at += header.length
        run.frames += 1
        run.end = at
    return runs


def _after_tag(view: View, at: int, runs: list[FrameRun]) -> int:
    """Return where frames go on after a tag, or the end of the file."""
    if view[at : at + 3] == b"ID3":
        return after_id3(view, at)
    if view[at : at + 3] in _TAGS:
        return len(view)
    following = at
    while (following := view.find(b"\xff", following + 1)) >= 0:
        if begins_frame(view, following) and len(view) - following > 4:
            break
    if following < 0:
        return len(view)
    seconds = sum(run.frames * run.samples / run.rate for run in runs)
    raise Undecodable(f"is damaged: the {following - at} bytes after {seconds:.3f} s are no MP3 frame")


def after_id3(view: View, at: int) -> int:
    """Return the position after a tag ID3v2 at `at`, and after others that follow it; `at` if there is none."""
    while view[at : at + 3] == b"ID3" and len(view) >= at + 10:
        size = 0
        for byte in view[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if view[at + 5] & 0x10 else 0)
    return at


def _side_info(view: View, at: int, header: FrameHeader) -> int:
    mono = view[at + 3] >> 6 == 3
    return (17 if mono else 32) if header.first_version else (9 if mono else 17)


def _has_tag(view: View, at: int, header: FrameHeader) -> bool:
    tag = at + 4 + _side_info(view, at, header)
    return view[tag : tag + 4] in (b"Xing", b"Info") or view[at + 36 : at + 40] == b"VBRI"


def _run(view: View, at: int, header: FrameHeader) -> FrameRun:
    """Begin a run; a header frame counts as -1, so that the frames after it are counted from 0."""
    run = FrameRun(at, header.rate, header.samples, view[at + 3] >> 6 == 3)
    if _has_tag(view, at, header):
        run.has_header, run.frames = True, -1
        tag = at + 4 + _side_info(view, at, header)
        if view[tag : tag + 4] in (b"Xing", b"Info") and len(view) >= tag + 12 and view[tag + 7] & 1:
            run.stated, run.stated_at = struct.unpack(">I", view[tag + 8 : tag + 12])[0], tag + 8
    return run


def _stream(view: View, run: FrameRun) -> Stream:
    length = run.samples / run.rate
    frames = max(run.frames, 0)
    if run.stated and frames < run.stated - 1:
        raise Undecodable(f"ends before its header says ({frames * length:.3f} s of {run.stated * length:.3f} s)")
    alone = run.start == 0 and run.end >= len(view) - 256
    if run.stated and frames <= run.stated + 1:
        data = None if alone else bytes(view[run.start : run.end])
    elif run.stated_at:
        count = struct.pack(">I", frames)
        data = b"".join([view[run.start : run.stated_at], count, view[run.stated_at + 4 : run.end]])
    else:
        data = b"".join([_header_frame(view, run, frames), view[run.start : run.end]])
    return Stream(data, frames * length, TRIMMED * length)


def _header_frame(view: View, run: FrameRun, frames: int) -> bytes:
    """Return a frame Info that states the number of frames, which the decoder would guess otherwise."""
    second = view[run.start + 1] | 1  # no checksum
    third = view[run.start + 2] & 0x0C | 0x90  # a bit rate at which the frame has room
    header = frame_header(second, third)
    assert header is not None
    head = bytes([0xFF, second, third, view[run.start + 3]])
    side = bytes(_side_info(head, 0, header))
    return (head + side + b"Info" + struct.pack(">II", 1, frames)).ljust(header.length, b"\0")
