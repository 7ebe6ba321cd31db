"""What gives a split away, and how it is told."""

import numpy as np
import pytest

from stages.blind_baseline.giveaway import giveaways, ngram_giveaways
from stages.blind_baseline.phrases import phrase_of, sentence
from stages.features.family import FAMILIES


def test_features_have_size_and_direction() -> None:
    member = np.array([True, True, False, False])
    features = np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 0.0], [7.0, 0.0]])
    # Means 2 and 6, deviation 1 within each class: four deviations, higher in non-members.
    found = giveaways(features, ["prosodic.syllable_rate", "spectral.peak"], member)
    assert [(tell["feature"], tell["size"], tell["direction"], tell["auc"]) for tell in found] == [
        ("prosodic.syllable_rate", pytest.approx(4.0), "non_members", 0.0)
    ]
    assert found[0]["words"] == "syllables per second 2.0 in members, 6.0 in non-members"


def test_a_constant_that_differs_gives_everything_away() -> None:
    member = np.arange(40) < 20
    features = np.column_stack([np.where(member, 16000.0, 8000.0), np.random.default_rng(0).normal(size=40)])
    found = giveaways(features, ["recording.rate", "spectral.mfcc1_mean"], member)
    assert found[0]["feature"] == "recording.rate"
    assert found[0]["stands_out"]
    assert np.isfinite(found[0]["size"])


def test_what_chance_gives_does_not_stand_out() -> None:
    rng = np.random.default_rng(1)
    loud = sum(
        tell["stands_out"]
        for _ in range(20)
        for tell in giveaways(rng.normal(size=(200, 50)), [f"a.{i}" for i in range(50)], rng.permutation(200) < 100)
    )
    assert loud <= 4  # one corpus in twenty is expected to have one


def test_ngrams_that_separate_are_named() -> None:
    member = np.arange(60) < 30
    texts = [
        f"the weather {'in nineteen ninety' if inside else 'is fine'} number{at}" for at, inside in enumerate(member)
    ]
    found = ngram_giveaways(texts, member, np.arange(60))
    named = {tell["ngram"]: tell for tell in found}
    assert named["nineteen ninety"]["direction"] == "members"
    assert all(
        tell["direction"] == ("members" if tell["members"] > tell["non_members"] else "non_members") for tell in found
    )
    said = "'is fine' is in 0% of the members' transcripts and 100% of the others'"
    assert named["is fine"]["words"] == said


@pytest.mark.parametrize("texts", [["", "", ""], ["a b", "a b", "a b"], ["你好", "", "мир"]])
def test_blank_equal_and_foreign_texts_give_nothing_away(texts: list[str]) -> None:
    assert ngram_giveaways(texts * 10, np.arange(30) % 2 == 0, np.arange(30)) == []


def test_one_class_has_no_giveaway() -> None:
    everyone = np.ones(3, bool)
    assert giveaways(np.ones((3, 1)), ["a.b"], everyone) == []
    assert ngram_giveaways(["a", "b", "c"], everyone, np.arange(3)) == []


def test_every_feature_can_be_told() -> None:
    for family in FAMILIES:
        for column in FAMILIES[family].columns:
            words, _, divisor = phrase_of(f"{family}.{column}")
            assert words
            assert "{" not in words
            assert divisor > 0
    assert sentence("recording.bandwidth", np.array([7900.0]), np.array([3400.0])).startswith("sound ends at 7.9 kHz")
