"""Whether a random split is believed, and what becomes of the population."""

import numpy as np
import pytest

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.inference.statistics import AUCTest
from stages.core.results.membership import Grade
from stages.core.words.membership import sentences
from stages.evaluation.belief import accepted, graded

WIDE = BlindInterval(auc=0.55, low=0.45, high=0.65, deviation=0.05, mean=0.5, p=0.16)
LEAKING = BlindInterval(auc=0.99, low=0.97, high=1.0, deviation=0.05, mean=0.5, p=1e-12)
NONE = np.zeros(0, np.intp)
MEMBER = np.arange(200) % 2 == 0


def reference(p: float) -> dict[str, AUCTest]:
    return {"loss": AUCTest(0.6, 0.02, 40.0, p)}


@pytest.mark.parametrize(
    ("split", "whole", "tests", "grade", "why"),
    [
        ("randomised", WIDE, {}, "randomised", ""),
        ("randomised", WIDE, reference(0.01), "randomised", ""),
        ("randomised", WIDE, reference(1e-6), "post_hoc", "on the reference, which never saw the data"),
        ("randomised", WIDE, reference(1 - 1e-6), "post_hoc", "on the reference"),
        ("randomised", LEAKING, {}, "post_hoc", "AUC 0.99"),
        ("randomised", None, {}, "post_hoc", "could not be checked"),
        ("matched", LEAKING, reference(1e-6), "matched", ""),
    ],
)
def test_belief(split: Grade, whole: BlindInterval | None, tests: dict[str, AUCTest], grade: str, why: str) -> None:
    found, because = graded(split, whole, tests)
    assert found == grade
    assert why in " ".join(sentences(because))
    assert bool(because) == bool(why)


def without(whole: BlindInterval) -> Population:
    return Population(None, NONE, NONE, None, whole, np.zeros(200), "no matched subset is at chance", True)


def test_the_whole_of_a_believed_random_split_is_the_population() -> None:
    found = accepted(without(WIDE), "randomised", MEMBER, 60)
    assert (found.kind, len(found.indices), found.blind) == ("whole", 200, WIDE)


@pytest.mark.parametrize(
    ("population", "grade", "fewest"),
    [(without(WIDE), "post_hoc", 60), (without(WIDE), "randomised", 101), (without(LEAKING), "randomised", 60)],
    ids=["post hoc", "too few", "interval above chance"],
)
def test_else_it_stays_what_the_blind_baseline_found(population: Population, grade: Grade, fewest: int) -> None:
    assert accepted(population, grade, MEMBER, fewest) is population
