"""The contract of every feature family: the declared columns, finite values, whatever the clip."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import stages.features  # noqa: F401  # registers the families
from stages.core.sound.audio import RATE, Samples
from stages.corpus.source import measure_source
from stages.features.family import FAMILIES, Clip, finite

RNG = np.random.default_rng(0)
SECOND = np.arange(RATE) / RATE
TONE = (0.3 * np.sin(2 * np.pi * 220 * SECOND)).astype(np.float32)

EDGE_CASES = {
    "one sample": np.full(1, 0.5, np.float32),
    "50 ms": TONE[: RATE // 20],
    "just over 0.1 s": TONE[: RATE // 10 + 1],
    "one step of noise": np.sign(RNG.standard_normal(RATE)).astype(np.float32) / 32768,
    "silence": np.zeros(RATE, np.float32),
    "half silence": np.concatenate([TONE, np.zeros(RATE, np.float32)]),
    "DC": np.full(RATE, 0.5, np.float32),
    "clipped": np.clip(5 * TONE, -0.3, 0.3),
    "full scale square": np.sign(TONE).astype(np.float32),
    "white noise": (0.1 * RNG.standard_normal(RATE)).astype(np.float32),
    "click": np.eye(1, RATE, 777, dtype=np.float32)[0],
}
TEXTS = ["", "   ", "a", "a a a a", "HELLO 1984!", "こんにちは、世界。", "مرحبا؟", "\u200d\n\t", "🙂" * 40, "\x00"]


def clip(samples: Samples, text: str = "", rate: int = RATE) -> Clip:
    return Clip(samples, text, measure_source(samples[:, None], rate, "WAV", "PCM_16"))


def check(name: str, measured: Clip) -> dict[str, float]:
    family = FAMILIES[name]
    values = family.measure(measured)
    assert set(values) == set(family.columns)
    assert all(np.isfinite(value) for value in values.values()), [key for key in values if not np.isfinite(values[key])]
    return values


@pytest.mark.parametrize("name", list(FAMILIES))
def test_columns_are_distinct_and_few(name: str) -> None:
    columns = FAMILIES[name].columns
    assert len(set(columns)) == len(columns)
    assert 10 < len(columns) < 150


@pytest.mark.parametrize("name", list(FAMILIES))
@pytest.mark.parametrize("case", EDGE_CASES)
def test_edge_cases_have_values(name: str, case: str) -> None:
    check(name, clip(EDGE_CASES[case], "Some text."))


@pytest.mark.parametrize("name", list(FAMILIES))
@pytest.mark.parametrize("text", TEXTS)
def test_texts_have_values(name: str, text: str) -> None:
    if "text" in FAMILIES[name].needs:
        check(name, clip(TONE, text))
    else:
        assert FAMILIES[name].measure(clip(TONE, text)) == FAMILIES[name].measure(clip(TONE))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FAMILIES))
def test_ten_minutes_have_values(name: str) -> None:
    check(name, clip(np.tile(EDGE_CASES["white noise"], 600)))


@pytest.mark.parametrize("name", list(FAMILIES))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15, deadline=None)
@given(
    samples=arrays.arrays(np.float32, st.integers(1, 3000), elements=st.floats(-1, 1, width=32)),
    text=st.text(max_size=30),
)
def test_anything_has_values(name: str, samples: Samples, text: str) -> None:
    encodable = text.encode("utf-8", "ignore").decode()
    check(name, clip(samples, encodable))


@pytest.mark.parametrize("name", list(FAMILIES))
def test_the_same_clip_has_the_same_values(name: str) -> None:
    assert check(name, clip(EDGE_CASES["white noise"], "x")) == check(name, clip(EDGE_CASES["white noise"], "x"))


def test_undefined_values_fall_back() -> None:
    assert [finite(value, 7.0) for value in (1.5, np.nan, np.inf, -np.inf)] == [1.5, 7.0, 7.0, 7.0]
