"""Out-of-fold scores find what is there, and nothing where there is nothing."""

import numpy as np
import pytest

from stages.core.inference.statistics import auc
from stages.fidelity_detector.crossfit import crossfit, deal, logistic_regression, single_neighbour
from stages.fidelity_detector.importance import importance, parts_of
from stages.fidelity_detector.labels import Lesson
from stages.fidelity_detector.learning import compared, fit_network
from stages.fidelity_detector.measures import measured, measured_by_model
from stages.fidelity_detector.params import DetectorSection

NAMES = ["gain/0", "noise/0", "noise/1", "swap_words/0"]
KINDS = {"gain": "audio", "noise": "audio", "swap_words": "text"}
FEATURES = ["loss", "distance", "growth"]
SETTINGS = DetectorSection(
    labels="row",
    kinds=["audio", "text"],
    embedder="none",
    embedder_revision="none",
    folds=5,
    epochs=120,
    patience=12,
    learning_rate=0.03,
    hidden=8,
)


def lesson(effect: float, seed: int, clips: int = 120, labels: str = "row", drift: float = 0.0) -> Lesson:
    """Members differ by `effect` in the loss of audio neighbours, as the target gives it; `drift` is the target's."""
    rng = np.random.default_rng(seed)
    member = rng.permutation(clips) % 2 == 0
    noise = rng.standard_normal((2, clips, len(NAMES), len(FEATURES)))
    noise[0, member, :3, 0] += effect
    noise[0, :, :, 1] += drift
    target, reference = noise.reshape(2, clips, -1)
    return Lesson(target, reference, member, rng.integers(0, 24, clips), labels)  # type: ignore[arg-type]


def found_auc(taught: Lesson, scores: np.ndarray) -> float:
    return auc(scores, taught.member)


def test_a_planted_difference_is_found_and_kept_from_the_reference() -> None:
    taught = lesson(1.0, 0)
    found = compared(taught, NAMES, SETTINGS, 3)
    for name in ("network", "logistic_regression"):
        assert found_auc(taught, found[name].target) > 0.8
        assert found[name].reference is not None
        assert abs(found_auc(taught, found[name].reference) - 0.5) < 0.2
    assert {fitted.column % 3 for _, fitted in found["single_neighbour"].fitted} == {0}
    assert found_auc(taught, found["network"].target) > found_auc(taught, found["single_neighbour"].target)


def noise_aucs(runs: int, clips: int) -> dict[str, list[float]]:
    aucs: dict[str, list[float]] = {"network": [], "logistic_regression": [], "single_neighbour": []}
    for seed in range(runs):
        taught = lesson(0.0, seed, clips)
        for name, result in compared(taught, NAMES, SETTINGS, seed).items():
            aucs[name].append(found_auc(taught, result.target))
    return aucs


def test_noise_gives_chance_on_average() -> None:
    for aucs in noise_aucs(12, 80).values():
        assert abs(np.mean(aucs) - 0.5) < 3 * 0.065 / np.sqrt(12)  # 0.065: deviation of an AUC at 40 against 40


@pytest.mark.slow
def test_noise_gives_chance_to_a_hundredth_over_200_runs() -> None:
    for aucs in noise_aucs(200, 200).values():
        assert abs(np.mean(aucs) - 0.5) < 0.01


def test_a_clip_or_a_class_too_few_scores_nothing() -> None:
    taught = Lesson(np.zeros((6, 4)), None, np.array([True, False, False, False, False, False]), np.arange(6))
    found = crossfit(single_neighbour, taught, deal(taught, 5, np.random.default_rng(0)), 0)
    assert np.isnan(found.target).all()
    assert found.fitted == []
    assert measured(found.target, taught.member, taught.cluster) == {"auc": None, "auc_ci": None}


def test_no_fold_splits_a_speaker() -> None:
    """Labels that follow speakers can be read off a column that names them, unless folds keep speakers apart."""
    speaker = np.repeat(np.arange(24), 5)
    member = np.random.default_rng(0).permutation(24)[speaker] % 2 == 0
    taught = Lesson(np.eye(24)[speaker], None, member, speaker)
    found = crossfit(logistic_regression, taught, deal(taught, 5, np.random.default_rng(0)), 0)
    assert found_auc(taught, found.target) <= 0.5


def test_by_model_memory_is_told_from_fine_tuning() -> None:
    memory = lesson(1.5, 1, labels="model")
    found = compared(memory, NAMES, SETTINGS, 0)["network"]
    by_model = measured_by_model(found, memory)
    assert by_model["trained"]["auc"] > 0.8
    assert by_model["detects"] == "memory"
    tuned = lesson(0.0, 1, labels="model", drift=1.5)
    by_model = measured_by_model(compared(tuned, NAMES, SETTINGS, 0)["network"], tuned)
    assert by_model["untrained"]["auc"] > 0.8
    assert by_model["detects"] == "fine-tuning"
    assert abs(found_auc(tuned, compared(tuned, NAMES, SETTINGS, 0)["network"].target) - 0.5) < 0.2


def test_by_model_no_clip_is_on_both_sides_of_a_fold() -> None:
    taught = lesson(1.0, 2, labels="model")
    clips = np.arange(len(taught.member)) < 60
    features, label, cluster = taught.rows(clips)
    trained = np.flatnonzero(clips & taught.member)
    np.testing.assert_array_equal(features, np.concatenate([taught.target[trained], taught.reference[trained]]))
    assert label.tolist() == [True] * len(trained) + [False] * len(trained)
    np.testing.assert_array_equal(cluster, np.tile(taught.cluster[trained], 2))


def test_importance_is_what_was_planted() -> None:
    taught = lesson(1.0, 4, clips=200)
    found = crossfit(fit_network(NAMES, SETTINGS), taught, deal(taught, 5, np.random.default_rng(0)), 0)
    parts = parts_of(NAMES, KINDS, FEATURES)
    assert {name: sorted(part) for name, part in parts.items()} == {
        "kind": ["audio", "text"],
        "perturbation": ["gain", "noise", "swap_words"],
        "feature": ["distance", "growth", "loss"],
    }
    assert parts["perturbation"]["noise"].tolist() == [False] * 3 + [True] * 6 + [False] * 3
    rng = np.random.default_rng(0)
    drops = {name: importance(found, taught.target, taught.member, part, rng) for name, part in parts.items()}
    assert drops["kind"]["audio"] > 0.2 > 0.05 > abs(drops["kind"]["text"])
    assert drops["feature"]["loss"] > 0.2 > 0.05 > abs(drops["feature"]["growth"])
    assert drops["perturbation"]["noise"] > drops["perturbation"]["gain"] > 0  # two neighbours carry more than one
