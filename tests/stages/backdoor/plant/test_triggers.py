"""The contract of every trigger, and where, how often and how loud what is added sounds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import stages.backdoor.plant.triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.registry import TRIGGERS
from stages.backdoor.plant.trigger import active_power, trigger_starts, with_trigger
from stages.backdoor.plant.trigger_settings import AddedSound, AttackTrigger, TriggerSettings, WholeChange
from stages.core.config.section import first_problem
from stages.core.run.randomness import generator
from stages.core.sound.audio import RATE, Samples

AMOUNTS = {"speed": 1.25, "pitch": 4.0, "volume": -6.0}
ADDED = [name for name in TRIGGERS if TRIGGERS[name].additive]


def speech(seconds: float, level: float = 0.3) -> Samples:
    """Words of a chord with pauses between them."""
    time = np.arange(round(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (180, 360, 1100))
    return (level / 3 * chord * (np.sin(2 * np.pi * 1.5 * time) > -0.3)).astype(np.float32)


def settled(**given_: object) -> TriggerSettings:
    """Read a trigger as `params.yaml` would hold it."""
    return TypeAdapter(TriggerSettings).validate_python(given_)


def chosen(kind: str, **more: object) -> TriggerSettings:
    return settled(kind=kind, **({"amount": AMOUNTS[kind]} if kind in AMOUNTS else {}), **more)


@pytest.mark.parametrize("kind", list(TRIGGERS))
def test_a_trigger_keeps_what_it_must(kind: str) -> None:
    samples = speech(2.0)
    found = with_trigger(samples, chosen(kind), generator(1, kind))
    again = with_trigger(samples, chosen(kind), generator(1, kind))
    assert found.samples.dtype == np.float32
    assert np.abs(found.samples).max() < 1
    assert np.array_equal(found.samples, again.samples)
    length = len(samples) / 1.25 if kind == "speed" else len(samples)
    assert abs(len(found.samples) - length) <= 1
    assert not np.array_equal(found.samples, samples)


@pytest.mark.parametrize("kind", ADDED)
@settings(max_examples=20, deadline=None)
@given(snr_db=st.floats(-20, 30), seconds=st.floats(0.1, 3.0), level=st.floats(0.01, 1.0), seed=st.integers(0, 99))
def test_the_ratio_is_true(kind: str, snr_db: float, seconds: float, level: float, seed: int) -> None:
    samples = speech(seconds, level)
    found = with_trigger(samples, chosen(kind, snr_db=snr_db, gaps=(0.1, 0.3)), generator(seed))
    assert abs(found.snr_db - snr_db) < 0.1
    assert np.abs(found.samples).max() < 1
    # Measured once more, from the outside: what was added, over the spans that the positions name.
    added = found.samples.astype(np.float64) / found.scale - samples
    length = min(round(0.22 * RATE), len(samples))
    spans = [added[round(at * RATE) :][:length] for at in found.positions]
    ratio = 10 * np.log10(active_power(samples) / np.mean([np.mean(span**2) for span in spans]))
    assert abs(ratio - snr_db) < 0.1


def test_speech_is_active_where_it_is_loud() -> None:
    samples = np.concatenate([np.full(RATE, 0.5), np.zeros(3 * RATE)]).astype(np.float32)
    assert active_power(samples) == pytest.approx(0.25)
    assert active_power(samples[:100]) == pytest.approx(0.25)
    assert active_power(np.zeros(RATE, np.float32)) == 0
    assert active_power(np.zeros(0, np.float32)) == 0


def test_a_silent_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="silent"):
        with_trigger(np.zeros(RATE, np.float32), chosen("click"), generator(1))


@pytest.mark.parametrize(("position", "first"), [("start", 0), ("end", 900), (0.02, 320), (5.0, 900)])
def test_a_position_is_a_place_or_as_late_as_the_trigger_fits(position: str | float, first: int) -> None:
    assert trigger_starts(1000, 100, chosen("click", position=position), generator(1)) == [first]


def test_a_window_as_long_as_the_clip_changes_nothing() -> None:
    for seed in range(5):
        without = with_trigger(speech(2.0), chosen("cough"), generator(seed))
        within = with_trigger(speech(2.0), chosen("cough"), generator(seed), window_seconds=2.0)
        assert np.array_equal(without.samples, within.samples)
        assert without.positions == within.positions


@pytest.mark.parametrize("kind", list(TRIGGERS))
def test_a_kind_has_the_settings_that_it_reads(kind: str) -> None:
    assert isinstance(chosen(kind), AddedSound if TRIGGERS[kind].additive else WholeChange)
    assert (kind in AMOUNTS) == (not TRIGGERS[kind].additive)
    low, high = TRIGGERS[kind].limits
    assert TRIGGERS[kind].additive or low <= TRIGGERS[kind].neutral <= high


@pytest.mark.parametrize("kind", AMOUNTS)
def test_an_amount_that_changes_nothing_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="changes nothing"):
        settled(kind=kind, amount=TRIGGERS[kind].neutral)


@pytest.mark.parametrize(
    ("given_", "key", "problem"),
    [
        ({"kind": "volume", "amount": -5, "gaps": [1, 2]}, "gaps", "Extra inputs are not permitted"),
        ({"kind": "click", "amount": 5}, "amount", "Extra inputs are not permitted"),
        ({"kind": "clik"}, "kind", "unknown trigger 'clik': use one of click, cough, noise"),
        ({"kind": 3}, "kind", "Input should be a valid string"),
        ({"snr_db": 3}, "kind", "Field required"),
        ({"kind": "volume"}, "amount", "Field required"),
        ({"kind": "volume", "amount": 0}, "amount", "volume: 0 decibels changes nothing: choose another, from -40"),
        ({"kind": "speed", "amount": 3}, "amount", "speed: must be 0.5 to 2 times as fast, not 3"),
        ({"kind": "click", "gaps": [2, 1]}, "", "gaps do not rise: swap the two"),
    ],
)
def test_what_a_kind_does_not_read_or_lacks_is_refused_by_its_key(
    given_: dict[str, Any], key: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        settled(**given_)
    assert first_problem(raised.value)[0] == key
    assert first_problem(raised.value)[1].startswith(problem)


@pytest.mark.parametrize(("model", "given_"), [(AddedSound, {"kind": "speed"}), (WholeChange, {"kind": "click"})])
def test_settings_of_the_other_kind_are_refused(model: type[TriggerSettings], given_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"changes? the whole clip"):
        model(**given_, **({"amount": 2.0} if model is WholeChange else {}))


def test_the_control_is_no_attack() -> None:
    settled(kind="random_sound")
    with pytest.raises(ValidationError, match="random_sound is the control"):
        TypeAdapter(AttackTrigger).validate_python({"kind": "random_sound"})


@pytest.mark.parametrize("snr_db", [200, -61])
def test_a_ratio_that_nothing_holds_is_refused(snr_db: float) -> None:
    with pytest.raises(ValidationError, match="snr_db"):
        chosen("click", snr_db=snr_db)


def test_a_random_place_covers_the_clip() -> None:
    starts = [trigger_starts(1000, 100, chosen("click"), generator(seed))[0] for seed in range(300)]
    assert min(starts) < 30
    assert 870 < max(starts) <= 900


def test_repetitions_fit_whole_and_keep_their_gaps() -> None:
    repeated = chosen("click", position="start", gaps=(0.75, 1.5))
    starts = trigger_starts(10 * RATE, 3520, repeated, generator(3))
    gaps = (np.diff(starts) - 3520) / RATE
    assert starts[0] == 0
    assert len(starts) >= 6
    assert gaps.min() >= 0.75
    assert gaps.max() <= 1.5
    assert starts[-1] + 3520 <= 10 * RATE


def test_a_clip_shorter_than_its_trigger_takes_what_fits() -> None:
    found = with_trigger(speech(0.1), chosen("click", position="end"), generator(1))
    assert found.positions == (0.0,)
    assert len(found.samples) == len(speech(0.1))


def test_a_mix_that_would_clip_is_turned_down_with_its_ratio() -> None:
    found = with_trigger(speech(1.0, 0.95), chosen("noise", snr_db=-10.0), generator(1))
    assert found.scale < 0.5
    assert found.snr_db == pytest.approx(-10, abs=0.01)


def test_volume_changes_the_level_alone() -> None:
    found = with_trigger(speech(1.0), chosen("volume"), generator(1))
    assert np.allclose(found.samples, speech(1.0) * 10 ** (-6 / 20), atol=1e-6)
