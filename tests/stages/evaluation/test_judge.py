"""The rule in one call: its findings where the truth is known, and input that makes little or no sense."""

from typing import Any

import numpy as np
import pytest

from stages.core.errors import EarwitnessError
from stages.evaluation import judge
from stages.evaluation.settings import settings_of
from tests.params import load_whole

KEYS = {
    "auc", "auc_ci", "tpr_at_fpr", "blind_correlation", "conditional_p", "delta_auc", "delta_auc_ci", "weighted_auc",
    "effective_n", "primary", "p", "reference_auc", "calibrated_difference",
}  # fmt: skip


def finding(**arguments: Any) -> str:
    return str(judge(**arguments)["verdict"]["finding"])


def test_memory_in_a_random_split_is_memorised(audit: Any) -> None:
    answer = judge(**audit(memory=0.8, split="randomised"))
    assert answer["verdict"]["finding"] == "memorised"
    assert answer["verdict"]["grade"] == "randomised"
    assert answer["population"]["kind"] == "whole"
    assert any("after Holm's correction over 5" in reason for reason in answer["verdict"]["reasons"])


def test_the_answer_has_the_keys_of_metrics_json(audit: Any) -> None:
    answer = judge(**audit(memory=0.8))
    found = answer["attacks"]["attack_0"]
    assert set(found) >= KEYS
    assert set(found["tpr_at_fpr"]) == {"0.01", "0.05"}
    assert set(found["calibrated_difference"]) >= {"auc", "auc_ci", "p", "c", "placebo_p"}
    assert set(answer["population"]) >= {"kind", "member", "non_member", "blind_auc_ci"}
    assert answer["clips"] == {"member": 200, "non_member": 200, "speakers": 40}


def test_no_memory_in_a_random_split_is_not_detected(audit: Any) -> None:
    answer = judge(**audit(split="randomised"))
    assert answer["verdict"]["finding"] == "not_detected"
    assert 0.5 < answer["verdict"]["smallest_effect"] < 0.64


def test_memory_beside_a_shift_is_suspected(audit: Any) -> None:
    answer = judge(**audit(memory=1.2, shift=0.5, side=400))
    assert answer["verdict"]["finding"] == "suspected"
    assert answer["population"]["kind"] == "matched"


def test_a_shift_without_memory_is_confounded(audit: Any) -> None:
    assert finding(**audit(shift=1.0, side=400)) == "confounded"


def test_quite_other_recordings_are_confounded(audit: Any) -> None:
    answer = judge(**audit(shift=9.0))
    assert answer["verdict"]["finding"] == "confounded"
    assert answer["population"]["kind"] is None
    assert answer["attacks"]["attack_0"]["p"] is None


def test_without_a_reference_a_difference_is_unresolved(audit: Any) -> None:
    arguments = audit(memory=1.2) | {"reference_scores": None}
    assert finding(**arguments) == "unresolved"
    assert finding(**arguments | {"split": "randomised"}) == "memorised"


def test_a_reference_that_says_nothing_is_no_reference(audit: Any) -> None:
    arguments = audit(memory=1.2)
    arguments["reference_scores"] = {name: np.ones(400) for name in arguments["scores"]}
    answer = judge(**arguments)
    assert answer["verdict"]["finding"] == "unresolved"
    assert any("cannot be used" in reason for reason in answer["verdict"]["reasons"])


def test_a_random_split_is_not_taken_at_its_word(audit: Any) -> None:
    answer = judge(**audit(memory=0.8, shift=2.0, split="randomised"))
    assert answer["population"]["permutation_p"] < 0.001
    assert answer["verdict"]["grade"] == "post_hoc"
    assert answer["verdict"]["finding"] != "memorised"
    assert "is declared randomised" in answer["verdict"]["reasons"][0]


def test_a_reference_that_separates_as_well_gives_no_finding(audit: Any) -> None:
    arguments = audit(memory=0.8)
    arguments["reference_scores"] = arguments["scores"]
    assert finding(**arguments) == "confounded"


def test_the_order_of_rows_does_not_matter(audit: Any) -> None:
    arguments = audit(memory=0.6, shift=0.5)
    order = np.random.default_rng(9).permutation(400)
    turned = arguments | {key: arguments[key][order] for key in ("features", "member", "speaker")}
    for key in ("scores", "reference_scores"):
        turned[key] = {name: column[order] for name, column in arguments[key].items()}
    assert judge(**turned) == judge(**arguments)


def test_an_attack_turned_round_is_flagged_not_folded(audit: Any) -> None:
    arguments = audit(memory=1.2)
    arguments["scores"] = {name: -column for name, column in arguments["scores"].items()}
    answer = judge(**arguments)
    assert answer["verdict"]["finding"] not in ("memorised", "suspected")
    assert any("far below 0.5" in reason for reason in answer["verdict"]["reasons"])


def test_unknown_labels_are_left_out_and_said(audit: Any) -> None:
    arguments = audit(memory=0.8, split="randomised")
    labels = arguments["member"].astype(object)
    labels[::10] = None
    answer = judge(**arguments | {"member": labels})
    assert answer["verdict"]["finding"] == "memorised"
    assert answer["clips"]["member"] == 180
    assert "40 clips of unknown membership were left out" in answer["verdict"]["reasons"]


def test_missing_scores_are_left_out(audit: Any) -> None:
    arguments = audit(memory=0.8, split="randomised")
    for column in arguments["scores"].values():
        column[::7] = np.nan
    answer = judge(**arguments)
    assert answer["verdict"]["finding"] == "memorised"
    assert answer["attacks"]["attack_0"]["n"] == 400 - 58


def test_infinite_scores_rank_at_the_end(audit: Any) -> None:
    arguments = audit(memory=0.8, split="randomised")
    best = int(np.argmax(arguments["scores"]["attack_0"]))
    expected = judge(**arguments)["attacks"]["attack_0"]["auc"]
    arguments["scores"]["attack_0"][best] = np.inf
    assert judge(**arguments)["attacks"]["attack_0"]["auc"] == pytest.approx(expected, abs=1e-2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"member": np.ones(400, bool)}, "underpowered"),
        ({"member": np.zeros(400, bool)}, "underpowered"),
        ({"member": np.arange(400) > 0}, "underpowered"),
        ({"member": np.full(400, np.nan)}, "underpowered"),
        ({"features": np.ones((400, 3))}, "unresolved"),
        ({"features": np.zeros((400, 0))}, "unresolved"),
        ({"speaker": np.zeros(400)}, "memorised"),
        ({"speaker": [None] * 400}, "memorised"),
        ({"speaker": np.arange(400) < 200}, "underpowered"),
    ],
    ids=[
        "all members", "no members", "one non-member", "no labels", "constant features", "no features", "one speaker",
        "no speaker known", "one speaker a side",
    ],
)  # fmt: skip
def test_odd_corpora_end_in_a_clear_finding(audit: Any, changes: dict[str, Any], expected: str) -> None:
    answer = judge(**audit(memory=0.8, split="randomised") | changes)
    assert answer["verdict"]["finding"] == expected
    assert all(isinstance(reason, str) and reason for reason in answer["verdict"]["reasons"])


def test_ties_only_are_nothing(audit: Any) -> None:
    arguments = audit(split="randomised")
    for key in ("scores", "reference_scores"):
        arguments[key] = {name: np.ones(400) for name in arguments[key]}
    answer = judge(**arguments)
    assert answer["verdict"]["finding"] == "underpowered"
    assert answer["attacks"]["attack_0"]["auc"] == 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "random"}, "split: unknown 'random'"),
        ({"scores": {}}, "no attack"),
        ({"speaker": np.zeros(3)}, "speaker: 3 rows"),
        ({"features": np.full((400, 2), np.nan)}, "column 0 has values that are not finite"),
        ({"features": np.zeros(400)}, "features: shape"),
        ({"scores": {"loss": np.zeros(3)}, "reference_scores": None}, r"scores\['loss'\]"),
        ({"reference_scores": {}}, "'attack_0' is missing"),
        ({"member": ["yes"] * 400}, "'yes' is no label"),
        ({"params": {"evaluation": {"alfa": 1}}}, "evaluation.alfa"),
        ({"params": {"alpha": {}}}, "unknown section 'alpha'"),
    ],
)
def test_nonsense_is_refused_in_one_line(audit: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EarwitnessError, match=message) as caught:
        judge(**audit() | changes)
    assert "\n" not in str(caught.value)


def test_params_yaml_sets_the_rule(repository: Any) -> None:
    params = load_whole(repository / "params.yaml")
    settings = settings_of(params)
    assert settings.margin == params.evaluation.margin
    assert settings.population.tolerance == params.blind_baseline.tolerance
    assert settings_of({"evaluation": {"alpha": 0.01}}).alpha == 0.01


def test_a_random_split_that_the_reference_tells_apart_is_not_believed(audit: Any) -> None:
    # The blind features see nothing, so that only the reference can show that the members are easier.
    arguments = audit(shift=1.0, split="randomised")
    arguments["features"] = np.random.default_rng(0).normal(size=(400, 6))
    answer = judge(**arguments)
    assert answer["population"]["permutation_p"] > 0.001
    assert answer["verdict"]["grade"] == "post_hoc"
    assert "on the reference, which never saw the data" in answer["verdict"]["reasons"][0]
    assert answer["verdict"]["finding"] not in ("memorised", "suspected")
