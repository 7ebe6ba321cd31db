"""Every input purification keeps its contract; what each takes away and what it leaves."""

import numpy as np
import pytest

from stages.backdoor.defend import purifiers  # noqa: F401 (registers them)
from stages.backdoor.defend.purifier import PURIFIERS
from stages.core.sound.audio import RATE, Samples


def tone(hertz: float, seconds: float = 0.5) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def middle_rms(samples: Samples) -> float:
    inner = samples[len(samples) // 4 : -len(samples) // 4]
    return float(np.sqrt(np.mean(inner.astype(np.float64) ** 2)))


@pytest.mark.parametrize("name", list(PURIFIERS))
def test_a_clip_comes_back_sound_without_its_original_being_changed(name: str) -> None:
    clip = tone(300)
    kept = clip.copy()
    pure = PURIFIERS[name](clip)
    assert pure.dtype == np.float32
    assert pure.ndim == 1
    assert 0 < len(pure) <= len(clip)
    assert np.abs(pure).max() <= 1.0
    assert np.array_equal(clip, kept)
    assert np.array_equal(pure, PURIFIERS[name](clip))
    assert middle_rms(pure) == pytest.approx(middle_rms(clip), rel=0.1)  # speech's own band stays


@pytest.mark.parametrize("name", list(PURIFIERS))
@pytest.mark.parametrize("length", [1, 100, RATE // 10])
def test_short_and_silent_clips_survive(name: str, length: int) -> None:
    assert len(PURIFIERS[name](np.zeros(length, np.float32))) == length


@pytest.mark.parametrize("name", ["low_pass", "resample"])
def test_high_frequencies_go(name: str) -> None:
    assert middle_rms(PURIFIERS[name](tone(5000))) < 1e-3


def test_silence_removal_takes_the_pauses_alone() -> None:
    loud = tone(300, 0.2)
    pause = np.zeros(round(0.1 * RATE), np.float32)
    assert np.array_equal(PURIFIERS["silence_removal"](np.concatenate([loud, pause, loud])), np.concatenate([loud] * 2))
