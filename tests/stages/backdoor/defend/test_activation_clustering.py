"""Activation clustering: planted groups are found, and k = 2 is misled where something else varies more."""

import numpy as np
import pytest

from stages.backdoor.defend.activation_clustering import activation_clustering, sweep_isolation
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Bools, Floats


def voices_and_poison() -> tuple[Floats, Bools]:
    """Forty clips each of three kinds of voice, far apart, and twelve poisoned ones; little noise."""
    rng = np.random.default_rng(5)
    places = np.eye(4) * 10
    kind = np.repeat([0, 1, 2, 3], [40, 40, 40, 12])
    return places[kind] + 0.1 * rng.standard_normal((len(kind), 4)), kind == 3


def test_the_right_number_of_clusters_isolates_the_poison() -> None:
    activations, poisoned = voices_and_poison()
    sweep = activation_clustering(activations, [2, 3, 4, 5], seed=1)
    assert sweep.chosen == 4
    assert (sweep.suspected == poisoned).all()
    assert sweep_isolation(sweep, poisoned)[4]["smallest"].f1 == 1.0


def test_two_clusters_follow_the_voices() -> None:
    activations, poisoned = voices_and_poison()
    held = sweep_isolation(activation_clustering(activations, [2], seed=1), poisoned)[2]
    assert held["best"].precision < 0.5
    assert held["smallest"].f1 <= held["best"].f1


def test_clusters_are_numbered_from_the_smallest() -> None:
    activations, _ = voices_and_poison()
    for one in activation_clustering(activations, [2, 4], seed=1).clusterings:
        assert one.sizes == sorted(one.sizes) == np.bincount(one.labels, minlength=one.k).tolist()


def test_the_silhouette_of_two_far_pairs_is_nearly_one() -> None:
    # Pairs 1 apart at a distance of 100: silhouette of each is 1 - 1 / 100 or a little less.
    activations = np.array([[0.0, 0.0], [0.0, 1.0], [100.0, 0.0], [100.0, 1.0]])
    sweep = activation_clustering(activations, [2], seed=1)
    mean_distance = (100 + np.hypot(100, 1)) / 2
    assert sweep.clusterings[0].silhouette == pytest.approx(1 - 1 / mean_distance)


def test_equal_activations_have_no_silhouette_and_too_few_clips_no_clusters() -> None:
    with pytest.warns(match="distinct clusters"):
        assert activation_clustering(np.ones((5, 3)), [2], seed=1).clusterings[0].silhouette == 0.0
    with pytest.raises(EarwitnessError, match=r"backdoor\.detection\.ks: 2 clips"):
        activation_clustering(np.ones((2, 3)), [2, 3], seed=1)
