"""Speakers, folds and permuted labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.inference.folds import grouped_folds, permuted_labels, speaker_clusters


def test_unknown_speakers_are_their_own() -> None:
    cluster, note = speaker_clusters(["a", None, "b", "a", float("nan"), ""])
    assert len(set(cluster.tolist())) == 5
    assert cluster[0] == cluster[3]
    assert note is not None
    assert note.startswith("3 clips without a speaker")


def test_one_speaker_is_said() -> None:
    cluster, note = speaker_clusters(["a"] * 4)
    assert cluster.tolist() == [0, 1, 2, 3]
    assert note is not None
    assert "one speaker" in note


@settings(deadline=None)
@given(st.integers(4, 30), st.integers(2, 6), st.integers(0, 1000))
def test_no_speaker_is_on_both_sides_of_a_fold(speakers: int, folds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cluster = np.append(np.arange(speakers), rng.integers(0, speakers, 60))
    member = rng.random(len(cluster)) < 0.5
    member[:2], member[2:4] = True, False  # two speakers of each class at least
    dealt, note = grouped_folds(member, cluster, folds, rng)
    assert note is None
    assert all(len(set(dealt[cluster == group])) == 1 for group in range(speakers))
    for fold in set(dealt.tolist()):
        assert 0 < member[dealt != fold].sum() < (dealt != fold).sum()


def test_folds_hold_their_share_of_each_class() -> None:
    member = np.arange(400) < 100
    dealt, _ = grouped_folds(member, np.arange(400), 5, np.random.default_rng(0))
    assert np.bincount(dealt[member]).tolist() == [20] * 5
    assert np.bincount(dealt[~member]).tolist() == [60] * 5


def test_one_speaker_a_side_is_dealt_by_clip_and_said() -> None:
    member = np.arange(20) < 10
    dealt, note = grouped_folds(member, member.astype(np.intp), 5, np.random.default_rng(0))
    assert note is not None
    assert np.bincount(dealt).tolist() == [4] * 5


def test_whole_speakers_are_permuted_where_labels_are_theirs() -> None:
    cluster = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 6])
    member = np.isin(cluster, [0, 4])
    labels = permuted_labels(member, cluster, 50, np.random.default_rng(0))
    for column in labels.T:
        shares = np.bincount(cluster, column) / np.bincount(cluster)
        assert set(shares.tolist()) == {0.0, 1.0}
        assert 3 <= column.sum() <= 9  # as near to the six clips before as the order of the speakers allows


def test_permuted_labels_do_not_go_with_the_size_of_a_speaker() -> None:
    cluster = np.concatenate([np.arange(60), np.repeat(np.arange(60, 66), 10)])
    member = cluster < 60
    labels = permuted_labels(member, cluster, 400, np.random.default_rng(0))
    assert labels[:60].mean() == pytest.approx(0.5, abs=0.05)
    assert labels[60:].mean() == pytest.approx(0.5, abs=0.05)


def test_labels_are_permuted_within_speakers_of_equal_share() -> None:
    cluster, member = np.repeat(np.arange(5), 4), np.arange(20) % 2 == 0
    labels = permuted_labels(member, cluster, 30, np.random.default_rng(0))
    assert all(np.bincount(cluster, column).tolist() == [2] * 5 for column in labels.T)
    assert labels.mean(axis=1) == pytest.approx(np.full(20, 0.5), abs=0.3)


def test_single_clips_are_permuted_freely() -> None:
    member = np.arange(30) < 7
    labels = permuted_labels(member, np.arange(30), 200, np.random.default_rng(0))
    assert (labels.sum(axis=0) == 7).all()
    assert labels.mean(axis=1) == pytest.approx(np.full(30, 7 / 30), abs=0.13)
