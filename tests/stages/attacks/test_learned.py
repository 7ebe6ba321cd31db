"""Labelled attacks find a planted effect, and find nothing in data without an effect."""

import numpy as np
import pytest
from scipy.optimize import linprog

from stages.attacks.crossfit import out_of_fold
from stages.attacks.indicators import INDICATORS, indicators, supervised
from stages.attacks.labels import known_of
from stages.attacks.places import View
from stages.attacks.quantile_regression import principal_components, quantile_regression
from stages.attacks.ragged import offsets_of
from stages.attacks.registry import AttackSettings, Known, score_rows
from stages.attacks.rows import Rows
from stages.attacks.scoring import score_sheets
from stages.core.inference.statistics import auc
from tests.stages.attacks.conftest import MakeSheet, statistics_of

CLIPS, SPEAKERS = 240, 24


def labels(rng: np.random.Generator, permutations: int = 0, unknown: int = 0) -> Known:
    member = [None] * unknown + rng.permutation(np.arange(CLIPS - unknown) % 2 == 0).tolist()
    speaker = [f"s{index % SPEAKERS}" for index in range(CLIPS)]
    return known_of(member, speaker, rng.standard_normal((CLIPS, 5)), 5, permutations, rng)


def test_there_are_thirty_indicators_and_they_are_the_attacks_of_those_names() -> None:
    assert len(INDICATORS) == len(set(INDICATORS)) == 30
    rows = Rows(statistics_of(np.linspace(-5, -1, 7)), offsets_of(np.array([4, 3])), ["ab", "c"], None)
    named = score_rows(rows, AttackSettings(shares=(0.1, 0.2, 0.3, 0.4, 0.5, 1.0)))
    found = indicators(rows)
    for column, name in enumerate(INDICATORS):
        assert found[:, column].tolist() == pytest.approx(named[name].tolist())


def test_indicators_that_cannot_be_told_are_not_known() -> None:
    rows = Rows({"logprob": np.array([-1.0])}, np.array([0, 1]), ["a"], None)
    known = np.isfinite(indicators(rows)[0])
    assert {name for name, there in zip(INDICATORS, known, strict=True) if there} == {
        "loss",
        "zlib",
        *(f"{side}_k@{percent}" for side in ("min", "max") for percent in (10, 20, 30, 40, 50)),
    }


def test_members_are_found_and_the_reference_is_scored_by_the_same_models(sheet: MakeSheet) -> None:
    rng = np.random.default_rng(0)
    known = labels(rng, permutations=9)
    noise = rng.standard_normal((CLIPS, 3))
    told = np.column_stack([noise + known.member[:, None], np.full(CLIPS, np.nan)])  # one indicator is missing
    target, reference = (sheet([[-1.0]] * CLIPS, indicators=table) for table in (told, noise @ np.eye(3, 4)))
    found = supervised(target, reference, known)["supervised"]
    assert auc(found.target, known.member) > 0.75
    assert found.reference is not None
    assert 0.4 < auc(found.reference, known.member) < 0.6
    assert found.p == 0.1  # the smallest p that nine permutations can give


def test_noise_is_not_learned(sheet: MakeSheet) -> None:
    areas, ps = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        known = labels(rng, permutations=1)
        own = sheet([[-1.0]] * CLIPS, indicators=rng.standard_normal((CLIPS, 10)))
        found = supervised(own, None, known)["supervised"]
        areas.append(auc(found.target, known.member))
        ps.append(found.p)
    assert abs(np.mean(areas) - 0.5) < 0.05
    assert len(set(ps)) > 1
    assert max(ps) > 0.5


def test_no_clip_is_scored_by_a_model_that_saw_its_speaker() -> None:
    rng = np.random.default_rng(3)
    known = labels(rng, unknown=20)
    saw: list[np.ndarray] = []

    def fit(train: np.ndarray):  # type: ignore[no-untyped-def]
        saw.append(train)
        return lambda table: np.full(len(table), float(len(saw)))

    scores = out_of_fold(known, [np.zeros((CLIPS, 1))], fit)[0]
    for clip in np.flatnonzero(known.labelled):
        speakers = set(known.cluster[saw[int(scores[clip]) - 1]])
        assert known.cluster[clip] not in speakers
    assert not any(train[~known.labelled].any() for train in saw)
    assert scores[~known.labelled].tolist() == [3.0] * 20  # the mean of five models


def test_a_quantile_of_non_members_is_taken_off(sheet: MakeSheet) -> None:
    rng = np.random.default_rng(5)
    ease = rng.standard_normal(CLIPS)
    known = known_of(
        (rng.permutation(CLIPS) % 2 == 0).tolist(), [f"s{i % 24}" for i in range(CLIPS)], ease[:, None], 5, 0, rng
    )
    score = -5 + 2 * ease + 0.5 * rng.standard_normal(CLIPS) + 0.8 * known.member
    found = quantile_regression(sheet([[value] for value in score.tolist()]), None, known)
    plain = auc(score, known.member)
    assert auc(found["quantile_regression@50"].target, known.member) > plain + 0.1
    above = found["quantile_regression@95"].target[~known.member] > 0
    assert 0.0 < above.mean() < 0.15
    assert found["quantile_regression@50"].reference is None


def test_the_quantile_minimises_the_pinball_loss(sheet: MakeSheet) -> None:
    rng = np.random.default_rng(6)
    known = labels(rng)
    score = rng.standard_normal(CLIPS)
    found = quantile_regression(sheet([[value] for value in score.tolist()]), None, known)["quantile_regression@95"]
    held_out = known.folds == 0
    train = ~held_out & ~known.member
    design = np.column_stack([np.ones(CLIPS), principal_components(known.blind, 10)])
    # The same as a linear programme: coefficients, then what lies above and below.
    count, width = int(train.sum()), design.shape[1]
    cost = np.concatenate([np.zeros(width), np.full(count, 0.95), np.full(count, 0.05)])
    equal = np.hstack([design[train], np.eye(count), -np.eye(count)])
    bounds = [(None, None)] * width + [(0, None)] * (2 * count)
    solved = linprog(cost, A_eq=equal, b_eq=score[train], bounds=bounds)
    assert found.target[held_out] == pytest.approx(score[held_out] - design[held_out] @ solved.x[:width], abs=1e-6)


@pytest.mark.parametrize("non_members", [1, 12])
def test_few_non_members_give_a_plain_quantile_or_none(non_members: int, sheet: MakeSheet) -> None:
    rng = np.random.default_rng(7)
    member = [index >= non_members for index in range(40)]
    known = known_of(member, [f"s{index}" for index in range(40)], rng.standard_normal((40, 5)), 5, 0, rng)
    found = quantile_regression(sheet([[-1.0]] * 40), None, known)["quantile_regression@50"].target
    assert np.isfinite(found).any()
    assert not np.isinf(found).any()


def test_principal_components_are_of_unit_variance_and_leave_constants_out() -> None:
    rng = np.random.default_rng(8)
    features = np.column_stack([rng.standard_normal((50, 3)), np.full(50, 4.0)])
    found = principal_components(features, 10)
    assert found.shape == (50, 3)
    assert found.T @ found / 50 == pytest.approx(np.eye(3), abs=1e-9)
    assert principal_components(np.zeros((4, 0)), 10).shape == (4, 0)


@pytest.mark.parametrize("members", [0, 1, 39, 40])
@pytest.mark.parametrize("speakers", [1, 2, 40])
def test_poor_labels_and_ties_are_no_reason_to_stop(members: int, speakers: int, sheet: MakeSheet) -> None:
    rng = np.random.default_rng(9)
    member = [index < members for index in range(40)]
    known = known_of(member, [f"s{index % speakers}" for index in range(40)], np.zeros((40, 3)), 5, 1, rng)
    tied = sheet([[-1.0]] * 40, indicators=np.zeros((40, 4)))
    key = ("target", View("transcript", "given", 0))
    scores, _ = score_sheets({key: tied}, known)
    found = {name: column[np.isfinite(column)] for name, column in scores[key].items()}
    assert all(np.ptp(column) < 1e-9 for column in found.values())
    assert "supervised" not in found  # with one clip of a class it would score the other class alone
