"""MP3 with, without and with a wrong count of frames, joined, cut, damaged, between tags."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from stages.core.sound.containers.mpeg import frame_header
from tests.stages.core.sound.containers.conftest import SECONDS, Heard, Written

FRAME = 1152 / 44_100
ENDS = r"ends before its header says"
LATE = 3 * FRAME
"""Delay and padding of the encoder, which a file without LAME's header does not state."""


def first_frame(mp3: bytes) -> int:
    header = frame_header(mp3[1], mp3[2])
    assert header is not None
    return header.length


def bare(mp3: bytes) -> bytes:
    """Take the header frame away."""
    return mp3[first_frame(mp3) :]


def counted(mp3: bytes, change: int) -> bytes:
    """Change the count of frames in the header frame."""
    at = max(mp3.find(b"Xing", 0, 300), mp3.find(b"Info", 0, 300)) + 8
    (frames,) = struct.unpack_from(">I", mp3, at)
    return mp3[:at] + struct.pack(">I", max(0, frames + change)) + mp3[at + 4 :]


ID3 = b"ID3\4\0\0\0\0\2\x00" + bytes(256)
Change = Callable[[bytes], bytes]
FILES: dict[str, tuple[Change, float | str]] = {
    "as it is": (lambda mp3: mp3, SECONDS),
    "without count": (bare, SECONDS),
    "a count of one": (lambda mp3: counted(mp3, -56), SECONDS),
    "a count too small": (lambda mp3: counted(mp3, -20), SECONDS),
    "a count too large": (lambda mp3: counted(mp3, 40), ENDS),
    "half": (lambda mp3: mp3[: len(mp3) // 2], ENDS),
    "a byte short": (lambda mp3: mp3[:-1], SECONDS),
    "half without count": (lambda mp3: bare(mp3)[: len(mp3) // 2], SECONDS / 2),
    "two joined": (lambda mp3: mp3 + mp3, 2 * SECONDS),
    "two joined without count": (lambda mp3: bare(mp3) * 2, 2 * SECONDS),
    "two joined, a tag between": (lambda mp3: mp3 + ID3 + mp3, 2 * SECONDS),
    "two joined, the second cut": (lambda mp3: mp3 + mp3[: len(mp3) // 2], ENDS),
    "a tag after it": (lambda mp3: mp3 + b"TAG" + bytes(125), SECONDS),
    "a tag before it": (lambda mp3: ID3 + mp3, SECONDS),
    "two tags before it": (lambda mp3: ID3 + ID3 + mp3, SECONDS),
    "tags, without count": (lambda mp3: ID3 + bare(mp3) + b"TAG" + bytes(125), SECONDS),
    "another tag after it": (lambda mp3: mp3 + b"APETAGEX" + bytes(300), SECONDS),
    "junk after it": (lambda mp3: mp3 + b"junk" * 50, SECONDS),
    "zeros after it": (lambda mp3: mp3 + bytes(5000), SECONDS),
    "a hole": (lambda mp3: mp3[:5000] + bytes(1500) + mp3[6500:], "is damaged"),
    "a lost piece": (lambda mp3: mp3[:5000] + mp3[6000:], "is damaged|ends before"),
    "begins in its header frame": (lambda mp3: mp3[100:], SECONDS),
    "begins in a frame": (lambda mp3: bare(mp3)[50:], SECONDS - FRAME),
    "zeros before it": (lambda mp3: bytes(4000) + mp3, SECONDS),
    "junk before it": (lambda mp3: b"\x01junk\xff\xf3" * 200 + mp3, SECONDS),
    "a tag, then the middle of a frame": (lambda mp3: ID3 + bare(mp3)[50:], SECONDS - FRAME),
    "a tag alone": (lambda mp3: ID3, "a tag of a music library without any sound"),
    "no frame": (lambda mp3: b"no frame at all" * 40, "not audio"),
}


@pytest.mark.parametrize("name", FILES)
def test_mp3(name: str, written: Written, heard: Heard) -> None:
    change, expected = FILES[name]
    answer = heard(change(written("MP3", "MPEG_LAYER_III", rate=44_100)))
    if isinstance(expected, float):
        assert answer == pytest.approx(expected, abs=2 * LATE if "joined" in name else LATE)
    else:
        with pytest.raises(ValueError, match=expected):
            raise ValueError(answer)


def variable(seconds: float, rate: int) -> bytes:
    """Loud noise, then near silence: a variable bit rate which the first frames say nothing about."""
    rng = np.random.default_rng(2)
    half = round(seconds / 2 * rate)
    sound = np.concatenate([0.5 * rng.standard_normal(half), 1e-4 * rng.standard_normal(half)])
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE")
    return buffer.getvalue()


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_variable_bit_rates_without_count(rate: int, heard: Heard) -> None:
    mp3 = variable(2.0, rate)
    frame = (1152 if rate > 24_000 else 576) / rate
    assert heard(mp3) == pytest.approx(2.0, abs=1e-3)
    assert heard(bare(mp3)) == pytest.approx(2.0, abs=3 * frame)


def test_streams_of_different_rates_are_named(written: Written, heard: Heard) -> None:
    one, other = (written("MP3", "MPEG_LAYER_III", rate=rate) for rate in (44_100, 48_000))
    for joined in (one + other, bare(one) + bare(other)):
        assert "holds a second stream after the first (of another rate" in str(heard(joined))
