"""Same-speaker trials: voices are told, gender, texts and sessions are not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from stages.attribute_leakage.identify.identity import Identity, Speech, cosines, drawn_pairs, identify
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats

SPEAKERS, EACH, WIDTH = 16, 6, 24
WHO = np.repeat(np.arange(SPEAKERS), EACH)
IDS = [f"clip_{at:03d}" for at in range(len(WHO))]
NAMES = [f"speaker_{one}" for one in WHO]
GENDERS = ["female" if one % 2 else "male" for one in WHO]


def embeddings(voice: float = 0.0, gender: float = 0.0, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    made = rng.normal(size=(len(WHO), WIDTH)) + voice * rng.normal(size=(SPEAKERS, WIDTH))[WHO]
    return np.asarray(made + gender * rng.normal(size=WIDTH) * (WHO % 2)[:, None])


def of(found: Identity, against: str = "all") -> dict[str, float]:
    return found.layers["x"][against]  # type: ignore[return-value]


def test_voices_are_told() -> None:
    found = of(identify({"x": embeddings(voice=3.0)}, IDS, NAMES, 7))
    assert found["eer"] < 0.05
    assert found["linkability"] > 0.8
    assert found["zebra_bits"] > 0.6
    assert (found["mated"], found["speakers"]) == (SPEAKERS * EACH * (EACH - 1) / 2, SPEAKERS)


def test_noise_tells_nobody() -> None:
    found = [of(identify({"x": embeddings(seed=seed)}, IDS, NAMES, 7)) for seed in range(5)]
    assert abs(np.mean([one["eer"] for one in found]) - 0.5) < 0.03
    assert np.mean([one["linkability"] for one in found]) < 0.04
    assert np.mean([one["zebra_bits"] for one in found]) < 0.005


def test_gender_alone_is_seen_through_by_trials_of_one_gender() -> None:
    found = identify({"x": embeddings(gender=4.0)}, IDS, NAMES, 7, genders=GENDERS)
    assert of(found)["eer"] < 0.4
    assert of(found, "same_gender")["eer"] > 0.45
    assert "same_gender" not in identify({"x": embeddings()}, IDS, NAMES, 7).layers["x"]


def speech(**columns: list[str | None]) -> Speech:
    unknown: list[str | None] = [None] * len(WHO)
    given = {"gender": unknown, "session": unknown, "text": unknown} | columns
    return Speech(IDS, NAMES, **given)


def test_mated_trials_cross_sessions_where_there_are_several() -> None:
    sessions: list[str | None] = [f"{who}-{at % 2 if who < 10 else 0}" for at, who in enumerate(WHO)]
    pairs = drawn_pairs(speech(session=sessions), 10**4, np.random.default_rng(1))
    assert pairs.across_sessions
    assert len(pairs.mated) == 10 * 9  # of ten speakers, three clips of either session; six speakers have one session
    assert all(sessions[one] != sessions[other] for one, other in pairs.mated)
    assert all(WHO[one] == WHO[other] for one, other in pairs.mated)
    assert not drawn_pairs(speech(), 10**4, np.random.default_rng(1)).across_sessions


def test_no_trial_is_of_one_text() -> None:
    texts: list[str | None] = [f"sentence {at % 3}" for at in range(len(WHO))]
    pairs = drawn_pairs(speech(text=texts), 10**4, np.random.default_rng(1))
    for one, other in [*pairs.mated, *pairs.non_mated]:
        assert texts[one] != texts[other]


def test_trials_are_capped_and_every_pair_is_possible() -> None:
    every = drawn_pairs(speech(), 10**5, np.random.default_rng(1))
    assert len(every.non_mated) == len(WHO) * (len(WHO) - 1) / 2 - SPEAKERS * EACH * (EACH - 1) / 2
    assert len({tuple(sorted(pair)) for pair in every.non_mated.tolist()}) == len(every.non_mated)
    few = drawn_pairs(speech(), 100, np.random.default_rng(1))
    assert len(few.non_mated) == 100
    assert len(few.mated) == SPEAKERS * (100 // SPEAKERS)


def test_the_order_of_clips_changes_nothing() -> None:
    values, order = embeddings(voice=0.5), np.random.default_rng(3).permutation(len(WHO))
    plain = identify({"x": values}, IDS, NAMES, 7, most=200)
    other = identify({"x": values[order]}, [IDS[at] for at in order], [NAMES[at] for at in order], 7, most=200)
    assert plain == other


def test_neither_side_of_a_trial_has_a_say_in_its_centre() -> None:
    values, folds = embeddings(), np.repeat(np.arange(4), len(WHO) // 4)
    pairs = np.array([[0, 1], [0, len(WHO) - 1]])
    plain = cosines(values, folds, pairs)
    moved = values.copy()
    moved[2:20] += 100  # others of the first fold
    assert np.array_equal(cosines(moved, folds, pairs), plain)
    moved[40] += 100  # of a fold that neither is in
    assert not np.allclose(cosines(moved, folds, pairs), plain)


def test_the_cosine_by_hand() -> None:
    """Of the third fold the mean is (0, 0) and both deviations are 1: the cosine is that of the vectors themselves."""
    values = np.array([[3.0, 0.0], [1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]])
    assert cosines(values, np.array([0, 1, 2, 2]), np.array([[0, 1]]))[0] == pytest.approx(np.sqrt(0.5))


def test_what_cannot_be_compared_has_a_reason() -> None:
    assert identify({}, IDS[:18], NAMES[:18], 7).reason == "3 known speakers: 4 are needed"
    alone = [f"speaker_{at}" for at in range(len(WHO))]
    assert "no speaker has two clips" in str(identify({"x": embeddings()}, IDS, alone, 7).reason)
    nobody = [None if who < 14 else NAMES[at] for at, who in enumerate(WHO)]
    assert identify({"x": embeddings()}, IDS, nobody, 7).reason == "2 known speakers: 4 are needed"


def test_values_that_are_not_finite_are_an_error() -> None:
    values = embeddings()
    values[0, 0] = np.inf
    with pytest.raises(EarwitnessError, match="layer x: some values are not finite"):
        identify({"x": values}, IDS, NAMES, 7)
