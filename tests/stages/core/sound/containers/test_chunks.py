"""WAV, RF64, Wave64, AIFF and CAF whose sizes are wrong: their true length, or a true reason."""

import struct
from collections.abc import Callable

import pytest

from tests.stages.core.sound.containers.conftest import SECONDS, Heard, Written

CUT = r"ends before its header says \(0\.\d+ s of 1\.500 s\)"
UNTOLD = "its header does not tell its length"
SECOND = "holds a second stream after the first"


def sized(data: bytes, size: int, riff: int | None = None) -> bytes:
    """Change the size of the chunk `data` of a WAV, and that of the file."""
    at = data.index(b"data") + 4
    changed = data[:at] + struct.pack("<I", size) + data[at + 4 :]
    return changed if riff is None else changed[:4] + struct.pack("<I", riff) + changed[8:]


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def without(data: bytes, name: bytes) -> bytes:
    at = data.index(name)
    return data[:at]


Change = Callable[[bytes], bytes]
WAVES: dict[str, tuple[Change, float | str]] = {
    "as it is": (lambda wav: wav, SECONDS),
    "half": (lambda wav: wav[: len(wav) // 2], CUT),
    "one frame short": (lambda wav: wav[:-2], SECONDS),
    "a byte short": (lambda wav: wav[:-1], SECONDS),
    "a quarter second short": (lambda wav: wav[:-8000], r"1\.250 s of 1\.500 s"),
    "header alone": (lambda wav: wav[:44], r"ends before its header says \(0\.000 s"),
    "cut in the header": (lambda wav: wav[:38], "ends before its sound begins"),
    "cut in the first words": (lambda wav: wav[:10], "not audio"),
    "size 0, file size 0": (lambda wav: sized(wav, 0, 0), SECONDS),
    "size 0, file size as it is": (lambda wav: sized(wav, 0), SECONDS),
    "size FFFFFFFF": (lambda wav: sized(wav, 0xFFFFFFFF, 0xFFFFFFFF), SECONDS),
    "size FFFFFFFF, file size 0": (lambda wav: sized(wav, 0xFFFFFFFF, 0), SECONDS),
    "size 7FFFFFFF": (lambda wav: sized(wav, 0x7FFFFFFF), SECONDS),
    "size 7FFFF000": (lambda wav: sized(wav, 0x7FFFF000), SECONDS),
    "size 80000000": (lambda wav: sized(wav, 0x80000000), SECONDS),
    "size 2e9": (lambda wav: sized(wav, 2_000_000_000), SECONDS),
    "ten times the size": (lambda wav: sized(wav, 480_000), r"1\.500 s of 15\.000 s"),
    "a third of the size": (lambda wav: sized(wav, 16_000), UNTOLD),
    "a third of both sizes": (lambda wav: sized(wav, 16_000, 16_036), UNTOLD),
    "file size 0": (lambda wav: wav[:4] + bytes(4) + wav[8:], SECONDS),
    "file size too small": (lambda wav: wav[:4] + struct.pack("<I", 1000) + wav[8:], SECONDS),
    "a list after the sound": (lambda wav: wav + chunk(b"LIST", b"INFOISFT" + bytes(20)), SECONDS),
    "an odd chunk after the sound": (lambda wav: wav + chunk(b"note", b"odd"), SECONDS),
    "a chunk before the sound": (lambda wav: wav[:12] + chunk(b"JUNK", bytes(1000)) + wav[12:], SECONDS),
    "a big chunk before the sound": (lambda wav: wav[:12] + chunk(b"bext", b"\1" * 90_001) + wav[12:], SECONDS),
    "a chunk that holds data": (
        lambda wav: wav[:12] + chunk(b"JUNK", b"data" + bytes(96)) + wav[12:],
        SECONDS,
    ),
    "a tag after the sound": (lambda wav: wav + b"TAG" + b"x" * 125, SECONDS),
    "ID3 after the sound": (lambda wav: wav + b"ID3\4\0\0\0\0\0\x0a" + b"x" * 10, SECONDS),
    "ID3 before all": (lambda wav: b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + wav, SECONDS),
    "zeros after the sound": (lambda wav: wav + bytes(30_000), SECONDS),
    "a little junk after the sound": (lambda wav: wav + b"\x81\x92\xfe\1" * 20, SECONDS),
    "much junk after the sound": (lambda wav: wav + b"\x81\x92\xfe\1" * 5000, UNTOLD),
    "two files joined": (lambda wav: wav + wav, 2 * SECONDS),
    "three files joined": (lambda wav: wav + wav + wav, 3 * SECONDS),
    "the second file is cut": (lambda wav: wav + wav[: len(wav) // 2], CUT),
    "a second chunk of sound": (lambda wav: wav + chunk(b"data", b"\1" * 8000), SECOND),
    "without the chunk of sound": (lambda wav: without(wav, b"data"), "ends before its sound begins"),
    "rate 0": (lambda wav: wav[:24] + bytes(4) + wav[28:], "not audio"),
    "no channels": (lambda wav: wav[:22] + bytes(2) + wav[24:], "not audio"),
    "an unknown coding": (lambda wav: wav[:20] + struct.pack("<H", 0x161) + wav[22:], "not audio"),
}


@pytest.mark.parametrize("name", WAVES)
def test_wav(name: str, written: Written, heard: Heard) -> None:
    change, expected = WAVES[name]
    answer = heard(change(written("WAV", "PCM_16")))
    if isinstance(expected, float):
        assert answer == pytest.approx(expected, abs=1.01 / 16_000)
    else:
        assert isinstance(answer, str), answer
        with pytest.raises(ValueError, match=expected):
            raise ValueError(answer)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAV", "GSM610"),
        ("WAV", "IMA_ADPCM"),
        ("WAVEX", "PCM_24"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("CAF", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("AU", "PCM_16"),
        ("AU", "ULAW"),
        ("NIST", "PCM_16"),
        ("SVX", "PCM_16"),
    ],
)
def test_a_half_is_never_taken_for_the_whole(container: str, subtype: str, written: Written, heard: Heard) -> None:
    data = written(container, subtype)
    assert heard(data) == pytest.approx(SECONDS, abs=0.033)
    answer = heard(data[: len(data) // 2])
    assert isinstance(answer, str), answer
    assert "ends before" in answer or "cut" in answer


@pytest.mark.parametrize(("container", "subtype"), [("RF64", "PCM_16"), ("W64", "PCM_16"), ("AIFF", "PCM_16")])
def test_chunks_after_the_sound_are_no_sound(container: str, subtype: str, written: Written, heard: Heard) -> None:
    assert heard(written(container, subtype) + bytes(64)) == SECONDS


def test_a_streamed_core_audio_file(written: Written, heard: Heard) -> None:
    data = written("CAF", "PCM_16")
    at = data.index(b"data") + 4
    assert heard(data[:at] + b"\xff" * 8 + data[at + 8 :]) == SECONDS


def test_a_streamed_rf64(written: Written, heard: Heard) -> None:
    data = written("RF64", "PCM_16")
    at = data.index(b"ds64") + 8
    untold = data[:at] + bytes(24) + data[at + 24 :]
    assert heard(untold) == SECONDS


def test_joined_files_of_different_rates_are_named(written: Written, heard: Heard) -> None:
    answer = heard(written("WAV", "PCM_16") + written("WAV", "PCM_16", rate=8000))
    assert str(answer).startswith("holds a second stream after the first (of another rate")
