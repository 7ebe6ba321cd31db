"""Containers of sound, one file for each kind: what the structure of a file says about its length.

libsndfile believes what headers state. It stops at a length that is stated too short, after the first of several
streams, and at the end of a file that was cut, without a word. So each file's structure is read first: it gives the
stretches that libsndfile is to decode and how long each is, or the reason why its sound cannot be had whole.
"""

from __future__ import annotations

from stages.core.sound.containers.chunks import aiff_streams, caf_streams, wave64_streams, wave_streams
from stages.core.sound.containers.flac import flac_streams
from stages.core.sound.containers.headers import au_streams, nist_streams
from stages.core.sound.containers.kinds import HEAD, kind_of
from stages.core.sound.containers.mpeg import after_id3, begins_frame, first_frame, mpeg_streams
from stages.core.sound.containers.ogg import ogg_streams
from stages.core.sound.containers.stream import AS_IT_IS, Stream, Undecodable, View

__all__ = ["Stream", "Undecodable", "streams_of"]

_BY_MAGIC = {
    b"RIFF": wave_streams,
    b"RIFX": wave_streams,
    b"RF64": wave_streams,
    b"riff": wave64_streams,
    b"FORM": aiff_streams,
    b"caff": caf_streams,
    b"fLaC": flac_streams,
    b"OggS": ogg_streams,
    b".snd": au_streams,
    b"dns.": au_streams,
    b"NIST": nist_streams,
}
_WITHOUT_RATE = {b"Exte": "XI (an instrument of FastTracker)", b"ALaw": "WVE (of Psion)"}


def streams_of(view: View) -> list[Stream]:
    """Return what libsndfile is to decode of a file, one stretch after the other.

    Raises
    ------
    Undecodable
        If its structure tells that it is cut, damaged, or holds what cannot be put together.
    """
    streams = _by_magic(view)
    return [
        part
        for stream in streams
        for part in (_named(streams_of(stream.data), stream.data) if stream.joined and stream.data else [stream])
    ]


def _by_magic(view: View) -> list[Stream]:
    start = after_id3(view, 0)
    if start >= len(view):
        raise Undecodable("a tag of a music library without any sound")
    if view[start : start + 4] in _WITHOUT_RATE:
        raise Undecodable(f"{_WITHOUT_RATE[view[start : start + 4]]}, whose header states no sampling rate")
    reader = _BY_MAGIC.get(view[start : start + 4])
    if reader is not None:
        return reader(view) if not start else _named(reader(view[start:]), view[start:])
    if begins_frame(view, start):
        return mpeg_streams(view, start)
    if kind_of(view[start : start + HEAD]).family != "unknown":
        return AS_IT_IS
    at = first_frame(view, start)
    return AS_IT_IS if at is None else mpeg_streams(view, at)


def _named(streams: list[Stream], data: bytes) -> list[Stream]:
    return [stream if stream.data is not None else Stream(data, stream.seconds, stream.slack) for stream in streams]
