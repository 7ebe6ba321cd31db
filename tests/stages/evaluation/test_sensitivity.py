"""Sensitivity: over instructions, orders, member ratios, lengths and corrupted clips."""

import numpy as np
import pyarrow as pa
import pytest

from stages.core.results.described import AreaResult, InstructionSpread
from stages.core.schemas.attacks import NEIGHBOUR_SCORES_SCHEMA
from stages.evaluation.canaries import of_canaries
from stages.evaluation.sensitivity import (
    area,
    corrupted_only,
    over_instructions,
    over_lengths,
    over_member_ratios,
    over_orders,
)

MEMBER = np.array([True, True, False, False])
RIGHT, HALF, WRONG = np.array([3.0, 2, 1, 0]), np.array([3.0, 0, 2, 1]), np.array([0.0, 1, 2, 3])


def test_instructions_are_compared() -> None:
    columns = {"loss/transcript/given/0": RIGHT, "loss/transcript/given/1": WRONG, "zlib/transcript/given/0": RIGHT}
    assert over_instructions(columns, MEMBER) == {
        "loss/transcript/given": InstructionSpread(auc={"0": 1.0, "1": 0.0}, mean=0.5, deviation=0.5)
    }


def test_orders_are_compared_share_by_share() -> None:
    columns = {
        "max_renyi_2@10/transcript/given/0": RIGHT,
        "max_renyi_0.5@10/transcript/given/0": HALF,
        "max_renyi_inf@20/transcript/given/0": WRONG,
        "loss/transcript/given/0": RIGHT,
    }
    assert over_orders(columns, MEMBER) == {
        "max_renyi@10/transcript/given/0": {"0.5": 0.5, "2": 1.0},
        "max_renyi@20/transcript/given/0": {"inf": 0.0},
    }


def test_few_members_leave_the_auc_and_cost_precision() -> None:
    rng = np.random.default_rng(0)
    member = np.arange(800) < 400
    found = over_member_ratios(rng.normal(size=800) + 2 * member, member, rng)
    assert {ratio: each.member for ratio, each in found.items()} == {"0.01": 4, "0.05": 21, "0.1": 44}
    # AUC of a shift of two is .921, and the rate above the 95th percentile P(N > -.355) = .64.
    assert found["0.1"].auc == pytest.approx(0.921, abs=0.03)
    assert found["0.1"].tpr == pytest.approx(0.64, abs=0.08)
    assert found["0.01"].auc_deviation > found["0.1"].auc_deviation
    assert found["0.01"].precision < 0.2 < found["0.1"].precision


def test_a_ratio_that_there_are_no_clips_for_is_left_out() -> None:
    assert over_member_ratios(RIGHT, MEMBER, np.random.default_rng(0)) == {}


def test_lengths_are_thirds() -> None:
    member, seconds = np.arange(12) % 2 == 0, np.arange(12.0)
    found = over_lengths(np.where(seconds < 4, member, 0.0), member, seconds)
    assert [each.auc for each in found] == [1.0, 0.5, 0.5]
    assert [each.member + each.non_member for each in found] == [4, 4, 4]
    assert found[0].seconds[0] == 0.0


def test_one_class_has_no_area() -> None:
    assert area(RIGHT, np.ones(4, bool)) == AreaResult(auc=None, delong_ci=None, member=4, non_member=0)


def test_a_corrupted_clip_counts_as_the_target_heard_it() -> None:
    view = {"slice": "transcript", "condition": "given", "instruction": 0}
    rows = [
        {"neighbour_id": f"{clip}#{at}", "clip_id": clip, "perturbation": made, "role": role, "score": score}
        | {"attack": attack, "kind": kind}
        | view
        for made, kind in (("noise", "audio"), ("silence", "pairing"))
        for clip, value in zip("abcd", RIGHT, strict=True)
        for attack, role, scores in (("loss", "target", (-value, 0.0)), ("loss", "reference", (value, 9.0)))
        for at, score in enumerate(scores)
    ]
    name = "loss/transcript/given/0"
    table = pa.Table.from_pylist(rows, NEIGHBOUR_SCORES_SCHEMA)
    found = corrupted_only(table, {name: RIGHT}, {clip: at for at, clip in enumerate("abcd")}, MEMBER)
    assert {kind: each.auc for kind, each in found[name].items()} == {"original": 1.0, "noise": 0.0}


def test_canaries_are_ranked_within_their_sets() -> None:
    # Ten sets of six; the member ranks first in each for one attack, and anywhere for the other.
    member = np.arange(60) % 6 == 0
    sets = [f"set {row // 6}" for row in range(60)]
    noise = np.random.default_rng(0).normal(size=60)
    found = of_canaries({"loud": noise + 9 * member, "deaf": noise}, member, sets, np.random.default_rng(0))
    assert found is not None
    assert found.sets == 10
    assert found.attacks["loud"].holm_p < 1e-3 < 0.05 < found.attacks["deaf"].p
    assert of_canaries({"loud": noise}, member, [None] * 60, np.random.default_rng(0)) is None
    assert of_canaries({"loud": noise}, ~member, sets, np.random.default_rng(0)) is None
