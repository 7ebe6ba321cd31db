"""Formats with one plain header before the samples: AU and NIST SPHERE."""

from __future__ import annotations

import struct

from stages.core.sound.containers.stream import AS_IT_IS, SLACK, Stream, Undecodable, View, check_cut, is_padding

UNKNOWN_FROM = 1_900_000_000
AU_BYTES = {1: 1.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 4.0, 7: 8.0, 23: 0.5, 25: 0.375, 26: 0.625, 27: 1.0}
"""Bytes per sample of AU's encodings."""


def au_streams(view: View) -> list[Stream]:
    """Return the stream of an AU file."""
    order = ">" if view[:4] == b".snd" else "<"
    if len(view) < 24:
        raise Undecodable("ends before its sound begins")
    start, stated, encoding, rate, channels = struct.unpack(order + "5I", view[4:24])
    present = len(view) - start
    per_second = AU_BYTES.get(encoding, 0.0) * rate * channels
    if stated >= UNKNOWN_FROM or not per_second:
        return AS_IT_IS
    check_cut(present / per_second, stated / per_second)
    if (present - stated) / per_second <= SLACK or (stated and is_padding(view, start + stated)):
        return AS_IT_IS
    if stated == 0:
        return [Stream(view[:8] + b"\xff" * 4 + view[12:])]
    raise Undecodable(
        f"its header says {stated / per_second:.3f} s, but {present - stated} bytes follow: its header does not tell "
        "its length"
    )


def nist_streams(view: View) -> list[Stream]:
    """Return the stream of a NIST SPHERE file."""
    size = int(view[8:16].strip() or b"0") if view[8:16].strip().isdigit() else 1024
    fields = {
        parts[0]: parts[2]
        for line in view[16:size].decode("latin-1").splitlines()
        if len(parts := line.split(maxsplit=2)) == 3
    }
    coding = fields.get("sample_coding", "pcm")
    if "shorten" in coding or "wavpack" in coding or "shortpack" in coding:
        raise Undecodable(f"NIST SPHERE that is compressed ({coding}): convert it, for example by sph2pipe")
    try:
        count, channels, width, rate = (
            int(fields[name]) for name in ("sample_count", "channel_count", "sample_n_bytes", "sample_rate")
        )
    except (KeyError, ValueError):
        return AS_IT_IS
    if rate > 0 < channels * width:
        check_cut((len(view) - size) / (channels * width * rate), count / rate)
    return AS_IT_IS
