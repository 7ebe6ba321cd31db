"""Differences of means in units of their speaker-clustered error."""

import numpy as np
import pytest

from stages.blind_baseline.separation import separation, strongest


def test_known_value() -> None:
    # Two members at 1 and 3, two others at -1 and 1, each a speaker: residuals -1, 1, -1, 1, each weighing a half, so
    # a squared error of 4 · (1/2)² · 4/3, of which with a single feature the median adds as much again.
    values = np.array([[1.0], [3.0], [-1.0], [1.0]])
    member = np.array([[True], [True], [False], [False]])
    assert separation(values, member, np.arange(4))[0, 0] == pytest.approx(2 / np.sqrt(8 / 3))


def test_what_holds_from_speaker_to_speaker_comes_first() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(12), 20)
    member = cluster < 6
    voices = rng.normal(size=12)[cluster] + 0.1 * rng.normal(size=240) + 0.5 * member
    room = rng.normal(size=240) + 0.5 * member
    found = separation(np.column_stack([voices, room, rng.normal(size=(240, 3))]), member[:, None], cluster)
    assert strongest(found, 1)[0, 0] == 1


@pytest.mark.parametrize(
    ("member", "cluster"), [(np.ones(4, bool), np.arange(4)), (np.arange(4) < 2, np.zeros(4, int))]
)
def test_nothing_to_compare_is_nothing(member: np.ndarray, cluster: np.ndarray) -> None:
    assert (separation(np.arange(8.0).reshape(4, 2), member[:, None], cluster) == 0).all()


def test_what_is_constant_within_classes_separates_most_however_little_else_varies() -> None:
    rng = np.random.default_rng(1)
    member = np.arange(40) < 20
    features = np.column_stack([rng.normal(size=40), member, np.zeros((40, 5))])
    found = separation(features, member[:, None], np.arange(40))[:, 0]
    assert found[1] > 2 * found[0]
    assert (found[2:] == 0).all()
