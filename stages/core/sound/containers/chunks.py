"""Containers of chunks: WAV, RF64, Wave64, AIFF, CAF. The size of the sound's chunk is held against the file."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from stages.core.sound.containers.stream import AS_IT_IS, SLACK, Stream, Undecodable, View, check_cut, is_padding

UNKNOWN_FROM = 1_900_000_000
"""Programs that write to a pipe state 2e9, 7FFFFFFF, FFFFFFFF and the like as the size of sound yet to come."""
"""The last 12 bytes of the ids of Wave64; the first four spell the chunk's name."""


@dataclass(frozen=True)
class ChunkGrammar:
    """How a container writes its chunks: `head` bytes before a chunk's content, padded to multiples of `align`."""

    first: int
    size_format: str
    head: int
    align: int
    size_at: int = 4
    counts_head: bool = False
    unknown_from: int = UNKNOWN_FROM


RIFF = ChunkGrammar(12, "<I", 8, 2)
RIFX = ChunkGrammar(12, ">I", 8, 2)
AIFF = ChunkGrammar(12, ">I", 8, 2)
W64 = ChunkGrammar(40, "<Q", 24, 8, 16, True, 1 << 50)
CAF = ChunkGrammar(8, ">q", 12, 1, unknown_from=1 << 50)


class Chunk(NamedTuple):
    """A chunk: where its content starts, and the size that it states."""

    name: bytes
    start: int
    size: int


def chunks_from(view: View, start: int, grammar: ChunkGrammar) -> Iterator[Chunk]:
    """Yield chunks one after another until one reaches beyond the file, which is the last that is yielded."""
    while start + grammar.head <= len(view):
        head = view[start : start + grammar.head]
        (size,) = struct.unpack_from(grammar.size_format, head, grammar.size_at)
        size -= grammar.head if grammar.counts_head else 0
        yield Chunk(head[:4], start + grammar.head, size)
        if size < 0 or start + grammar.head + size > len(view):
            return
        start += grammar.head + size + -size % grammar.align


def wave_streams(view: View) -> list[Stream]:
    """Return the streams of a WAV, RIFX or RF64 file."""
    grammar = RIFX if view[:4] == b"RIFX" else RIFF
    order = grammar.size_format[0]
    rate, long_sizes = 0, 0
    for chunk in chunks_from(view, grammar.first, grammar):
        if chunk.name == b"ds64" and len(view) >= chunk.start + 16:
            long_sizes = chunk.start
        elif chunk.name == b"fmt " and len(view) >= chunk.start + 16:
            (rate,) = struct.unpack_from(order + "I", view, chunk.start + 8)
        elif chunk.name == b"data":
            if long_sizes and chunk.size == 0xFFFFFFFF:
                (stated,) = struct.unpack_from("<Q", view, long_sizes + 8)
                if not stated:
                    return [Stream(_with_size(view, long_sizes + 8, "<Q", len(view) - chunk.start))]
                return _sound(view, chunk._replace(size=stated), rate, replace(grammar, unknown_from=1 << 50))
            return _sound(view, chunk, rate, grammar)
    if rate:
        raise Undecodable("ends before its sound begins: there is no data chunk")
    return AS_IT_IS


def wave64_streams(view: View) -> list[Stream]:
    """Return the streams of a Sony Wave64 file."""
    rate = 0
    for chunk in chunks_from(view, W64.first, W64):
        if chunk.name == b"fmt " and len(view) >= chunk.start + 16:
            (rate,) = struct.unpack_from("<I", view, chunk.start + 8)
        elif chunk.name == b"data":
            return _sound(view, chunk, rate, W64)
    return AS_IT_IS


def aiff_streams(view: View) -> list[Stream]:
    """Return the streams of an AIFF or AIFF-C file; its common chunk states frames, its sound chunk bytes."""
    seconds = 0.0
    sound = None
    for chunk in chunks_from(view, AIFF.first, AIFF):
        if chunk.name == b"COMM" and len(view) >= chunk.start + 18:
            frames, _, rate = struct.unpack_from(">IH10s", view, chunk.start + 2)
            seconds = frames / max(1.0, _extended(rate))
        elif chunk.name == b"SSND" and sound is None:
            sound = chunk
        elif chunk.name == b"BODY" and chunk.size > len(view) - chunk.start:  # of SVX
            raise Undecodable(f"ends before its header says ({len(view) - chunk.start} of {chunk.size} bytes)")
    if sound is None or not seconds or not 8 < sound.size < UNKNOWN_FROM:
        return AS_IT_IS
    return _sound(view, Chunk(sound.name, sound.start + 8, sound.size - 8), (sound.size - 8) / seconds, AIFF)


def caf_streams(view: View) -> list[Stream]:
    """Return the streams of a Core Audio file, whose last chunk may have the size -1: up to the end."""
    rate = 0.0
    for chunk in chunks_from(view, CAF.first, CAF):
        if chunk.name == b"desc" and len(view) >= chunk.start + 32:
            hertz, _, _, packet, frames = struct.unpack_from(">d4sIII", view, chunk.start)
            rate = hertz * packet / frames if packet and frames else 0.0
        elif chunk.name == b"data" and chunk.size >= 0:
            present, stated = len(view) - chunk.start, chunk.size
            if rate:
                return _sound(view, Chunk(chunk.name, chunk.start + 4, chunk.size - 4), rate, CAF)
            if present < stated:
                raise Undecodable(f"ends before its header says ({present} of {stated} bytes)")
        elif chunk.name == b"data":
            return [Stream(_with_size(view, chunk.start - 8, ">q", len(view) - chunk.start))]
    return AS_IT_IS


def _sound(view: View, chunk: Chunk, rate: float, grammar: ChunkGrammar) -> list[Stream]:
    """Hold the sound's chunk against the file.

    `rate` is in bytes per second; 0 if unknown.
    """
    present = len(view) - chunk.start
    if chunk.size > present:
        if chunk.size < grammar.unknown_from:
            check_cut(present / (rate or 1), chunk.size / (rate or 1))
        return AS_IT_IS
    end = chunk.start + chunk.size
    ends = [end + -chunk.size % grammar.align, end]  # some programs leave the padding out
    for at in ends:
        if view[at : at + 4] in (b"RIFF", b"RIFX", b"RF64", b"FORM") and view[at + 8 : at + 12] in (
            b"WAVE",
            b"AIFF",
            b"AIFC",
        ):
            return [Stream(bytes(view[:at])), Stream(bytes(view[at:]), joined=True)]
    if any(_only_chunks(view, at, grammar) or is_padding(view, at) for at in ends):
        # libsndfile takes what follows the sound of Wave64 for sound
        return [Stream(bytes(view[:end]))] if grammar is W64 and end < len(view) else AS_IT_IS
    if chunk.size == 0 and grammar.first == RIFF.first and chunk.name == b"data":
        return [Stream(_with_size(view, chunk.start - 4, grammar.size_format, min(present, 0xFFFFFFFF)))]
    if (len(view) - end) / (rate or 1) <= SLACK:
        return AS_IT_IS
    raise Undecodable(
        f"its header says {chunk.size / (rate or 1):.3f} s, but {len(view) - end} bytes follow that are no part of the "
        "container: its header does not tell its length"
    )


def _with_size(view: View, at: int, size_format: str, size: int) -> bytes:
    """Return the file with another size written at `at`."""
    packed = struct.pack(size_format, size)
    return b"".join([view[:at], packed, view[at + len(packed) :]])


def _only_chunks(view: View, start: int, grammar: ChunkGrammar) -> bool:
    """Return whether from `start` on there are chunks up to the end, none of which holds sound."""
    if start >= len(view):
        return True
    last = None
    for last in chunks_from(view, start, grammar):
        if last.name in (b"data", b"SSND"):
            raise Undecodable("holds a second stream after the first (another chunk of sound)")
        if not all(32 <= byte < 127 for byte in last.name):
            return False
    return last is not None and last.size >= 0 and len(view) - (last.start + last.size) in range(-1, 8)


def _extended(ten: bytes) -> float:
    """Return a number in the 80-bit format of AIFF."""
    exponent, mantissa = struct.unpack(">HQ", ten)
    return math.ldexp(float(mantissa), (exponent & 0x7FFF) - 16383 - 63)
