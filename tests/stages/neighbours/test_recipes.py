"""The contract of every perturbation, and the settings that params may give it."""

import json
from inspect import signature
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import TypeAdapter

import stages.neighbours.perturbations  # noqa: F401  # registers the perturbations
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator
from stages.core.sound.audio import Samples
from stages.neighbours.recipe import PERTURBATIONS, Paired, Utterance, chosen_perturbations, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within
from tests.stages.conftest import voice

SETTINGS: dict[str, dict[str, Any]] = {
    "as_it_was": {},
    "clipping": {"share": [0.01, 0.05]},
    "delete_words": {"share": 0.3},
    "duplicate_words": {"share": 0.3},
    "formants": {"factor": [0.85, 1.2]},
    "g711": {"law": "ulaw"},
    "gain": {"decibels": [-9.0, 9.0]},
    "low_pass": {"hertz": [2000, 4000]},
    "lower_case": {},
    "mask_fill": {"model": "some/model", "revision": "abc", "share": 0.3, "candidates": 10},
    "mp3": {"compression": [0.3, 0.9]},
    "noise": {"snr_db": [15.0, 25.0]},
    "noise_alone": {},
    "opus": {"compression": [0.5, 1.0]},
    "other_text": {},
    "other_voice": {},
    "pitch": {"semitones": [-4, 4]},
    "polarity": {},
    "resynthesis": {"language": "English (America)", "variant": "Female1", "words_per_minute": [150, 200]},
    "reverberation": {"seconds": [0.2, 0.6], "direct_db": [0, 10]},
    "silence": {},
    "spectral_inversion": {},
    "speed": {"factor": [0.9, 1.1]},
    "swap_words": {"swaps": 1},
    "telephone_band": {"low_hertz": [280, 320], "high_hertz": [3300, 3500]},
    "text_alone": {"seconds": 0.2},
    "time_reversal": {},
    "voice_conversion": {"semitones": [3, 6], "formants": [1.08, 1.2]},
    "wrong_audio": {},
    "zero_segments": {"segments": [1, 3], "seconds": [0.05, 0.25]},
}
AUDIO = [name for name in PERTURBATIONS if PERTURBATIONS[name].kind == "audio"]
# Mask-filling needs a model: see test_mask_fill.py.
TEXT = [name for name in PERTURBATIONS if PERTURBATIONS[name].kind == "text" and name != "mask_fill"]
PAIRING = [name for name in PERTURBATIONS if PERTURBATIONS[name].kind == "pairing"]
DRAWN = [
    name
    for name in [*AUDIO, *TEXT]
    if name not in {"g711", "lower_case", "polarity", "spectral_inversion", "time_reversal"}
]
sounds = arrays.arrays(np.float32, st.integers(1, 2000), elements=st.floats(-1, 1, width=32))


def apply(name: str, subject: Any, index: int = 0) -> tuple[Any, dict[str, Any]]:
    answer: tuple[Any, dict[str, Any]] = PERTURBATIONS[name].apply(subject, generator(7, name, index), **SETTINGS[name])
    return answer


def test_every_perturbation_is_tested_here() -> None:
    assert set(SETTINGS) == set(PERTURBATIONS) == {*AUDIO, *TEXT, *PAIRING, "mask_fill"}


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_the_settings_are_the_keywords_of_the_function(name: str) -> None:
    entry = PERTURBATIONS[name]
    keywords = [
        parameter.name
        for parameter in signature(entry.apply).parameters.values()
        if parameter.kind == parameter.KEYWORD_ONLY
    ]
    assert list(entry.settings.model_fields) == ["count", *keywords]
    assert issubclass(entry.settings, PerturbationSettings)
    assert entry.settings.__module__ in {entry.apply.__module__, PerturbationSettings.__module__}


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_settings_are_handed_on_as_they_were_written(name: str) -> None:
    """The keys of the row cache are made of them: 9 must not become 9.0, nor a list a tuple."""
    chosen = chosen_perturbations({name: SETTINGS[name] | {"count": 2}})[0]
    assert repr(chosen.settings) == repr(SETTINGS[name])
    assert chosen.count == 2


@pytest.mark.parametrize("name", AUDIO)
@settings(max_examples=25, deadline=None)
@given(samples=sounds, index=st.integers(0, 50))
def test_sound_stays_sound(name: str, samples: Samples, index: int) -> None:
    kept = samples.copy()
    changed, recipe = apply(name, samples, index)
    assert np.array_equal(samples, kept)  # the inputs stay unchanged
    assert changed.dtype == np.float32
    if name == "speed":
        assert abs(len(changed) - len(samples) / recipe["factor"]) <= 1
    else:
        assert changed.shape == samples.shape
    assert np.isfinite(changed).all()
    assert np.abs(changed).max() <= max(np.abs(samples).max(), 32767 / 32768) + 1e-6  # nothing is clipped by accident
    assert json.loads(json.dumps(recipe, allow_nan=False)) == recipe
    again, same = apply(name, samples, index)
    assert np.array_equal(again, changed)
    assert same == recipe


@pytest.mark.parametrize("name", PAIRING)
@settings(max_examples=10, deadline=None)
@given(samples=sounds, index=st.integers(0, 50), alone=st.booleans())
def test_a_pairing_gives_sound_and_says_what_it_drew(name: str, samples: Samples, index: int, alone: bool) -> None:
    donor = None if alone else Utterance(np.ones(9, np.float32), "Another text.")
    kept = samples.copy()
    paired, recipe = apply(name, Utterance(samples, "One red box.", donor), index)
    assert np.array_equal(samples, kept)
    assert isinstance(paired, Paired)
    if paired.samples is not None:
        assert paired.samples.dtype == np.float32
        assert np.abs(paired.samples).max(initial=0) <= max(np.abs(samples).max(), 1) + 1e-6
    assert json.loads(json.dumps(recipe, allow_nan=False)) == recipe
    again, same = apply(name, Utterance(samples, "One red box.", donor), index)
    assert same == recipe
    assert again.text == paired.text
    assert (again.samples is None) == (paired.samples is None)
    if again.samples is not None:
        assert np.array_equal(again.samples, paired.samples)
    if alone and PERTURBATIONS[name].donor:
        assert paired == Paired()


@pytest.mark.parametrize("name", TEXT)
@given(text=st.text(max_size=40), index=st.integers(0, 50))
def test_text_stays_text(name: str, text: str, index: int) -> None:
    changed, recipe = apply(name, text, index)
    assert isinstance(changed, str)
    assert json.loads(json.dumps(recipe)) == recipe
    assert apply(name, text, index) == (changed, recipe)
    if not text.split():
        assert changed.split() == []


@pytest.mark.parametrize("name", DRAWN)
def test_other_draws_give_other_neighbours(name: str) -> None:
    if name in AUDIO:
        subject: Any = voice(0, 0.5)
        distinct = {apply(name, subject, index)[0].tobytes() for index in range(10)}
    else:
        distinct = {apply(name, "one two three four five six seven eight", index)[0] for index in range(10)}
    assert len(distinct) > 5


def test_what_params_ask_for_is_sorted_and_zero_is_left_out() -> None:
    asked = {name: given | {"count": int(name != "noise")} for name, given in SETTINGS.items()}
    chosen = chosen_perturbations(asked)
    assert [choice.name for choice in chosen] == sorted(set(SETTINGS) - {"noise"})
    assert {choice.name: choice.settings for choice in chosen} == {
        name: given for name, given in SETTINGS.items() if name != "noise"
    }
    assert chosen_perturbations({}) == []


@pytest.mark.parametrize(
    ("neighbours", "message"),
    [
        ({"echo": {"count": 1}}, r"neighbours\.echo: unknown perturbation: use some of as_it_was, clipping"),
        ({"gain": {"decibels": [-9, 9]}}, r"gain\.count: Field required: .*\(it takes count, decibels\)"),
        ({"gain": {"count": -1, "decibels": [-9, 9]}}, r"gain\.count: Input should be greater than or equal to 0"),
        ({"gain": {"count": True, "decibels": [-9, 9]}}, r"gain\.count: Input should be a valid integer"),
        ({"gain": {"count": 1.0, "decibels": [-9, 9]}}, r"gain\.count: Input should be a valid integer"),
        ({"gain": {"count": 1}}, r"gain\.decibels: Field required: .*\(it takes count, decibels\)"),
        ({"gain": {"count": 1, "decibels": [-9, 9], "x": 1}}, r"gain\.x: Extra inputs are not permitted: .*it takes"),
        ({"gain": {"count": 1, "decibels": [9, -9]}}, r"gain\.decibels: must rise, not \[9, -9\]: swap the two"),
        ({"gain": {"count": 1, "decibels": 3}}, r"gain\.decibels: Input should be a valid list"),
        ({"gain": {"count": 1, "decibels": [3]}}, r"gain\.decibels: List should have at least 2 items"),
        ({"gain": {"count": 1, "decibels": [0, 61]}}, r"gain\.decibels: must lie within -60 to 60, not \[0, 61\]"),
        ({"gain": {"count": 1, "decibels": [False, 1]}}, r"gain\.decibels\.0: Input should be a valid number"),
        ({"noise": {"count": 1, "snr_db": [0, float("nan")]}}, r"noise\.snr_db\.1: Input should be a finite number"),
        ({"zero_segments": {"count": 1, "segments": [0.5, 3], "seconds": [0.1, 0.2]}}, r"\.segments\.0: .*integer"),
        ({"zero_segments": {"count": 1, "segments": [1, 3], "seconds": [0, 0.2]}}, r"\.seconds: must lie within 0.001"),
        ({"delete_words": {"count": 1, "share": 1.0}}, r"delete_words\.share: must lie within 0.001 to 0.999, not 1.0"),
        ({"delete_words": {"count": 1, "share": "0.5"}}, r"delete_words\.share: Input should be a valid number"),
        ({"swap_words": {"count": 1, "swaps": 1.5}}, r"swap_words\.swaps: Input should be a valid integer"),
        ({"lower_case": {"count": 1, "share": 0.5}}, r"lower_case\.share: Extra inputs .*\(it takes count\)"),
        ({"g711": {"count": 1, "law": "blaw"}}, r"g711\.law: Input should be 'ulaw' or 'alaw'"),
        ({"mask_fill": {"count": 1, **SETTINGS["mask_fill"], "model": " "}}, r"mask_fill\.model: must be a text"),
        ({"mask_fill": {"count": 1, **SETTINGS["mask_fill"], "model": "models/x"}}, r"\.model: no checkpoint in"),
    ],
)
def test_what_is_wrong_in_params_is_named(neighbours: dict[str, dict[str, Any]], message: str) -> None:
    with pytest.raises(EarwitnessError, match=r"params\.yaml: perturbation\.neighbours\.") as error:
        chosen_perturbations(neighbours)
    assert "\n" not in str(error.value)
    with pytest.raises(EarwitnessError, match=message):
        chosen_perturbations(neighbours)


@given(st.floats(-5, 5), st.floats(0, 3))
def test_draws_stay_in_their_range(low: float, width: float) -> None:
    drawn = uniform(np.random.default_rng(0), [low, low + width])
    assert low - 1e-6 <= drawn <= low + width + 1e-6
    assert drawn == round(drawn, 6)


@pytest.mark.parametrize("value", [[1, 1], [0, 2], [0.5, 1.5]])
def test_ranges_that_are_in_order_pass(value: list[float]) -> None:
    assert TypeAdapter(Annotated[Span, within(0, 2)]).validate_python(value) == value
