"""The blind model, cross-fitted."""

import numpy as np
import pytest

from stages.blind_baseline.ensemble import out_of_fold_scores
from stages.core.inference.statistics import auc, column_aucs

MEMBER, FOLDS = np.arange(300) % 2 == 0, np.arange(300) // 2 % 5


def blind(features: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    return out_of_fold_scores(features, labels, folds, np.arange(len(features))).sum(axis=0)


def test_random_labels_come_out_at_chance() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permuted(np.tile(MEMBER[:, None], (1, 60)), axis=0)
    aucs = column_aucs(blind(rng.normal(size=(300, 40)), labels, FOLDS), labels)
    assert abs(aucs.mean() - 0.5) < 4 * aucs.std() / np.sqrt(60)
    assert aucs.std() < 0.06


def test_a_shift_of_one_feature_among_many_is_found_by_both_estimators() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(300, 100))
    features[MEMBER, 7] += 1.2
    parts = out_of_fold_scores(features, MEMBER[:, None], FOLDS, np.arange(300))
    assert min(auc(part[:, 0], MEMBER) for part in parts) > 0.68
    assert auc(parts.sum(axis=0)[:, 0], MEMBER) > 0.7  # .80 is the most that can be had


def test_rows_without_a_label_are_scored_and_change_nothing() -> None:
    rng = np.random.default_rng(2)
    member, folds = MEMBER[:100], FOLDS[:100]
    features = rng.normal(size=(100, 3)) + member[:, None]
    alone = blind(features, member[:, None], folds)
    extra = np.vstack([features, [[5.0, 5.0, 5.0]]])
    both = blind(extra, np.append(member, False)[:, None], np.append(folds, -1))
    assert both[:-1] == pytest.approx(alone)
    assert both[-1, 0] > 2


@pytest.mark.parametrize("features", [MEMBER[:, None] * 1.0, np.zeros((300, 0)), np.full((300, 2), 7.0)])
def test_what_separates_perfectly_or_not_at_all_stays_finite(features: np.ndarray) -> None:
    scores = blind(features, MEMBER[:, None], FOLDS)[:, 0]
    assert np.isfinite(scores).all()
    assert auc(scores, MEMBER) == (1.0 if features.shape[1] == 1 else 0.5)
