"""The modality matrix on scores whose truth is known: a memory of the voice, of the text, or of their binding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stages.core.inference.population import PopulationSettings
from stages.core.inference.statistics import Bools, Floats
from stages.core.run.randomness import generator
from stages.evaluation.modality import NO_PAIRING, ORIGINAL, PairingScores, matrix, mean_features

CLIPS, BOOTSTRAPS = 400, 200
ARMS = (ORIGINAL, "other_voice", "other_text")
SEES = {"text": (1.5, 1.5, 0.0), "voice": (1.5, 0.0, 1.5), "binding": (1.5, 0.0, 0.0)}


def labels() -> tuple[Bools, Any]:
    rng = np.random.default_rng(0)
    return rng.permutation(CLIPS) % 2 == 0, rng.integers(0, 24, CLIPS)


def heard(gains: tuple[float, ...], features: dict[str, Floats] | None = None) -> PairingScores:
    """Return clips of which an attack sees so many deviations of memory in each arm."""
    rng = np.random.default_rng(1)
    member, cluster = labels()
    of_clip = rng.normal(size=CLIPS)  # how easy the text is in any arm
    scores = {
        arm: gain * member + 0.7 * of_clip + 0.7 * rng.normal(size=CLIPS) for arm, gain in zip(ARMS, gains, strict=True)
    }
    given = {arm: rng.normal(size=(CLIPS, 3)) for arm in ARMS} if features is None else features
    return PairingScores({"loss": scores}, given, member, cluster)


def found(asked: PairingScores) -> dict[str, Any]:
    return matrix(asked, PopulationSettings(), BOOTSTRAPS, lambda part: generator(7, part)).plain()


@pytest.mark.parametrize("truth", SEES)
def test_the_contrast_names_what_is_remembered(truth: str) -> None:
    effects = found(heard(SEES[truth]))["interaction"]["other_voice"]["loss"]
    for part in SEES:
        low, high = effects[part]["ci"]
        assert low <= effects[part]["effect"] <= high
        if part == truth:
            assert low > 0.1
        else:
            assert low < 0 < high


def test_a_difference_is_that_of_the_same_clips() -> None:
    asked = heard((1.5, 1.5, 0.0))
    voice = asked.scores["loss"]["other_voice"]
    voice[::2] = np.nan
    block = found(asked)["pairings"]["other_voice"]["attacks"]["loss"]
    own = asked.scores["loss"][ORIGINAL][1::2]
    member = asked.member[1::2]
    wins = [
        np.mean(column[member][:, None] > column[~member][None])  # without ties
        for column in (voice[1::2], own)
    ]
    assert block["auc"] == pytest.approx(wins[0])
    assert block["difference"] == pytest.approx(wins[0] - wins[1])
    assert block["member"] + block["non_member"] == CLIPS // 2
    low, high = block["difference_ci"]
    assert low < 0 < high


def test_a_pair_of_equal_scores_differs_by_nothing() -> None:
    asked = heard((1.5, 0.0, 0.0))
    same = {**asked.scores["loss"], "voice_conversion": asked.scores["loss"][ORIGINAL]}
    block = found(replace(asked, scores={"loss": same}))["pairings"]["voice_conversion"]["attacks"]["loss"]
    assert block["difference"] == 0.0
    assert block["difference_ci"] == [0.0, 0.0]


def test_the_blind_auc_is_that_of_the_sound_that_is_given() -> None:
    member, _ = labels()
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(CLIPS, 3))
    told = noise + 2 * member[:, None]
    block = found(heard((1.5, 1.5, 0.0), {ORIGINAL: told, "other_voice": noise, "other_text": np.ones((CLIPS, 3))}))
    blind = {name: of_pairing["blind"] for name, of_pairing in block["pairings"].items()}
    assert blind[ORIGINAL]["auc_ci"][0] > 0.9
    assert blind["other_voice"]["auc_ci"][0] < 0.5 < blind["other_voice"]["auc_ci"][1]
    assert blind["other_text"] == {"auc": 0.5, "auc_ci": [0.5, 0.5], "reason": "every clip sounds the same"}


def test_a_donor_that_is_heard_for_many_clips_tells_no_fold_of_another() -> None:
    member, _ = labels()
    donors = np.random.default_rng(4).normal(size=(20, 30))
    given = donors[2 * np.random.default_rng(5).integers(0, 10, CLIPS) + member]  # ten for each side
    block = found(heard((1.5, 1.5, 0.0), {ORIGINAL: given, "other_voice": given, "other_text": given}))
    low, high = block["pairings"]["other_voice"]["blind"]["auc_ci"]
    assert low < 0.5 < high


def test_one_pairing_more_changes_no_other_figure() -> None:
    asked = heard((1.5, 1.5, 0.0))
    more = {**asked.scores["loss"], "silence": asked.member.astype(np.float64)}
    features = {**asked.features, "silence": np.random.default_rng(3).normal(size=(CLIPS, 3))}
    before, after = found(asked), found(replace(asked, scores={"loss": more}, features=features))
    assert after["pairings"].pop("silence")["attacks"]["loss"]["auc"] == 1.0
    assert after == before


def test_where_there_is_no_pairing_it_says_so() -> None:
    asked = heard((1.5, 1.5, 0.0))
    alone = replace(asked, scores={"loss": {ORIGINAL: asked.scores["loss"][ORIGINAL]}})
    assert found(alone) == {
        "against": None,
        "pairings": None,
        "interaction": None,
        "reason": NO_PAIRING,
    }


def test_what_cannot_be_told_is_null_with_its_reason() -> None:
    asked = heard((1.5, 1.5, 0.0))
    nothing = {**asked.scores["loss"], "other_voice": np.full(CLIPS, np.nan)}
    block = found(replace(asked, scores={"loss": nothing}))
    assert block["pairings"]["other_voice"]["attacks"]["loss"]["auc"] is None
    assert block["pairings"]["other_voice"]["blind"]["auc"] is None
    assert block["interaction"]["other_voice"]["loss"]["binding"] is None
    del nothing["other_text"]
    assert "other_text" in found(replace(asked, scores={"loss": nothing}))["reason"]


def test_with_a_codec_over_all_pairings_they_are_held_against_the_clip_through_it() -> None:
    asked = heard((1.5, 0.5, 0.0))
    through = {**asked.scores["loss"], "as_it_was": asked.scores["loss"]["other_voice"]}
    block = found(replace(asked, scores={"loss": through}))
    assert block["against"] == "as_it_was"
    assert block["pairings"]["other_voice"]["attacks"]["loss"]["difference"] == 0.0
    assert block["pairings"]["as_it_was"]["attacks"]["loss"]["difference"] is None


def test_features_are_joined_by_id_whatever_the_order() -> None:
    rows = [
        {"neighbour_id": f"{clip}/{name}/{index}", "clip_id": clip, "perturbation": name, "spectral.x": value}
        for clip, name, index, value in (
            ("a", "silence", 0, 0.1),
            ("a", "silence", 1, 0.3),
            ("b", "silence", 0, 0.7),
            ("c", "silence", 0, 9.0),
            ("b", "other_text", 0, 0.2),
        )
    ]
    row_of = {"b": 0, "a": 1, "d": 2}
    given, shuffled = (mean_features(pa.Table.from_pylist(table), row_of, 3) for table in (rows, rows[::-1]))
    assert given["silence"][:2, 0].tolist() == pytest.approx([0.7, 0.2])
    assert np.isnan(given["silence"][2]).all()
    assert given["other_text"][0].tolist() == [0.2]
    assert all(np.array_equal(given[name], shuffled[name], equal_nan=True) for name in given)
