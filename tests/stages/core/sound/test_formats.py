"""Every format that libsndfile writes is taken whole, or has no header to be taken by."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from stages.core.sound.decoding import Undecodable, decode_recording
from stages.core.sound.recordings import Recording

PAIRS = [
    (container, subtype)
    for container in soundfile.available_formats()
    for subtype in soundfile.available_subtypes(container)
]
FRAMES = {"IMA_ADPCM": 4096, "MS_ADPCM": 4096, "GSM610": 480, "MPEG_LAYER_III": 1152, "OPUS": 960}
FRAMES |= {"G721_32": 120, "G723_24": 120, "G723_40": 120}
FRAMES |= {"NMS_ADPCM_16": 160, "NMS_ADPCM_24": 160, "NMS_ADPCM_32": 160}
"""Samples per frame of the codecs that have frames; files hold whole ones."""
WITHOUT_RATE = {"RAW", "XI", "WVE"}
"""Formats that do not tell the sampling rate."""
UNWRITTEN = {("AIFF", "DWVW_12"), ("MP3", "MPEG_LAYER_I"), ("MP3", "MPEG_LAYER_II"), ("WAV", "MPEG_LAYER_III")}
"""What libsndfile lists and does not write, of the version that is pinned."""


def written(path: Path, container: str, subtype: str, rate: int, channels: int, endian: str = "FILE") -> int:
    """Write 1.5 s; 0 if libsndfile refuses this combination, otherwise the number of frames."""
    time = np.arange(round(1.5 * rate)) / rate
    sound = np.column_stack([0.3 * np.sin(2 * np.pi * (300 + 200 * channel) * time) for channel in range(channels)])
    if not soundfile.check_format(container, subtype, endian):
        return 0
    try:
        soundfile.write(path, sound, rate, format=container, subtype=subtype, endian=endian)
    except soundfile.LibsndfileError:
        path.unlink(missing_ok=True)
        return 0
    return len(time)


@pytest.mark.parametrize(("container", "subtype"), PAIRS)
def test_the_length_is_right_to_one_frame(tmp_path: Path, container: str, subtype: str) -> None:
    taken = 0
    for rate, channels, endian in [(16_000, 1, "FILE"), (8_000, 2, "FILE"), (44_100, 2, "FILE"), (44_100, 1, "BIG")]:
        path = tmp_path / f"{rate}_{channels}_{endian}"
        frames = written(path, container, subtype, rate, channels, endian)
        if not frames:
            continue
        taken += 1
        if container in WITHOUT_RATE:
            with pytest.raises(Undecodable, match=r"Format not recognised|known as sound|states no sampling rate"):
                decode_recording(tmp_path, Recording(path.name))
            continue
        found = decode_recording(tmp_path, Recording(path.name))
        assert found.rate == pytest.approx(rate, rel=0.035)  # HTK states periods of 100 ns, VOC a divisor
        assert 0 <= len(found.samples) - frames <= FRAMES.get(subtype, 1)
        assert found.samples.shape[1] == channels
        assert 0.25 < np.abs(found.samples[100:-100]).max() < 0.5
    assert bool(taken) is ((container, subtype) not in UNWRITTEN)


def test_there_are_as_many_pairs_as_ever() -> None:
    assert len(set(PAIRS) - UNWRITTEN) == 148


@pytest.mark.parametrize("name", ["a.raw", "a.pcm"])
def test_raw_samples_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(1).integers(-9999, 9999, 9000, "<i2").tobytes())
    with pytest.raises(Undecodable, match="raw samples without a header that states rate and format"):
        decode_recording(tmp_path, Recording(name))
