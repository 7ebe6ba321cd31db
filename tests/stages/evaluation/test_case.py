from typing import Any

import numpy as np
import pytest

from stages.core.errors import EarwitnessError
from stages.evaluation.case import make_case
from stages.evaluation.judge import judge


def test_what_is_only_described_changes_no_order() -> None:
    rng = np.random.default_rng(7)
    scores = {"loss": rng.normal(size=30)}
    others = (None, rng.normal(size=(30, 2)), np.arange(30) % 2 == 0, [None] * 30, "post_hoc")
    alone = make_case(scores, *others, deciding=["loss"])
    described = make_case(scores | {"noise": rng.normal(size=30)}, *others, deciding=["loss"])
    np.testing.assert_array_equal(alone.rows, described.rows)
    np.testing.assert_array_equal(alone.cluster, described.cluster)
    assert list(alone.rows) != sorted(alone.rows)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e155, 1e300])
def test_the_scale_of_a_feature_changes_nothing(scale: float) -> None:
    """Squares of such features overflow or vanish, and a corpus recorded in two ways would pass for one."""
    rng = np.random.default_rng(7)
    member = np.arange(200) % 2 == 0
    features = rng.normal(size=(200, 3)) + 3 * member[:, None] * np.array([1.0, 0, 0])
    scores = {"loss": features[:, 0]}
    params = {"blind_baseline": {"bootstraps": 100}}
    found = judge(scores, None, features * scale, member, np.arange(200), "randomised", params)
    assert found["verdict"]["finding"] == "confounded"


def test_scores_that_are_all_infinite_tell_classes_apart() -> None:
    member = np.arange(40) % 2 == 0
    case = make_case(
        {"loss": np.where(member, np.inf, -np.inf)}, None, np.zeros((40, 1)), member, [None] * 40, "post_hoc"
    )
    assert set(case.scores[case.member, 0]) == {1.0}
    assert set(case.scores[~case.member, 0]) == {-1.0}


ARGUMENTS: dict[str, Any] = {
    "scores": {"loss": np.arange(4.0)},
    "reference_scores": None,
    "features": np.zeros((4, 1)),
    "member": [True, False] * 2,
    "speaker": list("abcd"),
    "split": "post_hoc",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": {"loss": ["a", "b", "c", "d"]}}, r"^scores\['loss'\]: not an array of numbers"),
        ({"scores": np.arange(4.0)}, "^scores: no attack"),
        ({"features": [[1.0], [1.0, 2.0], [1.0], [1.0]]}, "^features: not an array of numbers"),
        ({"member": None}, "^member: no clip"),
        ({"speaker": None}, "^speaker: no rows, but member has 4"),
        ({"params": {"evaluation": {"alpha": 7}}}, r"^params: evaluation\.alpha: "),
        ({"params": {"evaluation": {"margin": "wide"}}}, r"^params: evaluation\.margin: "),
        ({"params": {"blind_baseline": {"folds": 1}}}, r"^params: blind_baseline\.folds: 1 is no number from 2"),
    ],
)
def test_what_makes_no_sense_is_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EarwitnessError, match=message):
        judge(**(ARGUMENTS | change))
