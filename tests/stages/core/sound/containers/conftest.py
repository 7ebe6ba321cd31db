"""Files of every container, made by libsndfile and then changed byte by byte, and what is heard of them."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stages.core.sound.decoding import Undecodable, decode_recording
from stages.core.sound.recordings import Recording

RATE = 16_000
SECONDS = 1.5

Heard = Callable[[bytes], float | str]
Written = Callable[..., bytes]


@pytest.fixture(scope="session")
def written() -> Written:
    """Return the bytes of a sound of `seconds`: a tone in noise."""

    def write(container: str, subtype: str, seconds: float = SECONDS, rate: int = RATE, channels: int = 1) -> bytes:
        time = np.arange(round(seconds * rate)) / rate
        noise = np.random.default_rng(1).standard_normal((len(time), channels))
        sound = 0.3 * np.sin(2 * np.pi * 440 * time)[:, None] + 0.05 * noise
        buffer = io.BytesIO()
        soundfile.write(buffer, sound, rate, format=container, subtype=subtype)
        return buffer.getvalue()

    return write


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    """Return the seconds that are decoded, from a file and from its bytes alike, or the reason why there are none."""

    def listen(data: bytes) -> float | str:
        (tmp_path / "sound").write_bytes(b"before" + data)
        (tmp_path / "alone").write_bytes(data)
        answers: list[float | str] = []
        for recording in (Recording("alone"), Recording("sound", offset=6, size=len(data))):
            try:
                found = decode_recording(tmp_path, recording)
                answers.append(len(found.samples) / found.rate)
            except Undecodable as error:
                answers.append(error.reason)
        assert answers[0] == answers[1]
        return answers[0]

    return listen
