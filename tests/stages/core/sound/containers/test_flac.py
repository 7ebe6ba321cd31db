"""FLAC with a true, a wrong or no number of samples in its header, joined, cut and damaged."""

from collections.abc import Callable

import pytest

from tests.stages.core.sound.containers.conftest import SECONDS, Heard, Written

ENDS = r"ends before its header says \([01]\.\d+ s of 1\.500 s\)"
BROKEN = "not audio that can be decoded"


def stated(data: bytes, total: int) -> bytes:
    """Change the number of samples in the header."""
    head = bytearray(data[:42])
    head[21] = head[21] & 0xF0 | total >> 32
    head[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(head) + data[42:]


def tag(size: int) -> bytes:
    return b"ID3\4\0\0\0\0" + bytes([size >> 7, size & 127]) + bytes(size)


Change = Callable[[bytes], bytes]
FILES: dict[str, tuple[Change, float | str]] = {
    "as it is": (lambda flac: flac, SECONDS),
    "no total": (lambda flac: stated(flac, 0), SECONDS),
    "a total too small": (lambda flac: stated(flac, 16_000), SECONDS),
    "a total of one sample": (lambda flac: stated(flac, 1), SECONDS),
    "a total of all but one frame": (lambda flac: stated(flac, 20_480), SECONDS),
    "a total too large": (lambda flac: stated(flac, 60_000), r"ends before its header says \(1\.500 s of 3\.750 s\)"),
    "a total of years": (lambda flac: stated(flac, (1 << 36) - 1), "ends before its header says"),
    "half": (lambda flac: flac[: len(flac) // 2], ENDS),
    "a byte short": (lambda flac: flac[:-1], BROKEN),
    "200 bytes short": (lambda flac: flac[:-200], BROKEN),
    "half, no total": (lambda flac: stated(flac, 0)[: len(flac) // 2], BROKEN),
    "header alone": (lambda flac: flac[:42], "ends before|not audio|cut or damaged"),
    "cut in the header": (lambda flac: flac[:30], "ends before its sound begins"),
    "a tag after it": (lambda flac: flac + b"TAG" + bytes(125), SECONDS),
    "junk after it": (lambda flac: flac + b"junk" * 100, SECONDS),
    "no total, a tag after it": (lambda flac: stated(flac, 0) + b"TAG" + bytes(125), SECONDS),
    "a tag before it": (lambda flac: tag(300) + flac, SECONDS),
    "no total, a tag before it": (lambda flac: tag(300) + stated(flac, 0), SECONDS),
    "two joined": (lambda flac: flac + flac, 2 * SECONDS),
    "two joined without totals": (lambda flac: stated(flac, 0) * 2, 2 * SECONDS),
    "two joined, the second cut": (lambda flac: flac + flac[: len(flac) // 2], ENDS),
    "a hole": (lambda flac: flac[:20_000] + bytes(300) + flac[20_300:], BROKEN),
    "a lost piece": (lambda flac: flac[:20_000] + flac[21_000:], BROKEN),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac(name: str, subtype: str, written: Written, heard: Heard) -> None:
    change, expected = FILES[name]
    answer = heard(change(written("FLAC", subtype)))
    if isinstance(expected, float):
        assert answer == expected
    else:
        with pytest.raises(ValueError, match=expected):
            raise ValueError(answer)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_streams_of_any_rate_and_channels(rate: int, channels: int, written: Written, heard: Heard) -> None:
    data = written("FLAC", "PCM_16", 0.6, rate, channels)
    assert heard(stated(data, 0)) == heard(data) == round(0.6 * rate) / rate
    assert heard(stated(data, round(0.3 * rate))) == heard(data)
