"""Activation clustering: the training clips of one label form clusters, and one cluster may be the poison.

Chen et al. 2018 (arXiv 1811.03728). The activations of the clips that carry one label are reduced and clustered. Two
things differ from the publication. Principal components replace independent components, whose iteration may fail to
converge on few clips. The published rule takes k = 2 and suspects the smaller cluster. In speech two clusters follow
the speaker's gender or the content (arXiv 2510.01157), so k is swept here, and the suspected cluster is chosen without
the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from stages.backdoor.defend.isolation import Isolation, isolation
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Bools, Floats

DIRECTIONS = 10
"""Number of principal components that are kept, as published."""
STARTS = 10
"""Number of starts of k-means; the best one counts."""


@dataclass(frozen=True)
class Clustering:
    """One k of the sweep.

    Attributes
    ----------
    k : int
    silhouette : float
        In [-1, 1]; higher where the clusters lie further apart.
    sizes : list of int
        Of the clusters, the smallest first.
    labels : intp[n]
        Each clip's cluster, numbered as in `sizes`.
    """

    k: int
    silhouette: float
    sizes: list[int]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Sweep:
    """The results for all k, and the clips that a defender without the manifest would suspect.

    Attributes
    ----------
    clusterings : list of Clustering
        By k.
    chosen : int
        The k with the highest silhouette.
    suspected : bool[n]
        The smallest cluster of the chosen k.
    """

    clusterings: list[Clustering]
    chosen: int
    suspected: Bools


def activation_clustering(activations: Floats, ks: Sequence[int], seed: int) -> Sweep:
    """Cluster the activations of the clips that carry one label.

    Parameters
    ----------
    activations : float64[n, d]
        One vector a clip, such as its mean over the audio positions.
    ks : sequence of int
        Numbers of clusters, each from 2 to n - 1; larger ones are left out.
    seed : int
        Of the starts of k-means.

    Returns
    -------
    Sweep

    Raises
    ------
    EarwitnessError
        See `possible_ks`.
    """
    reduced = _reduced(activations)
    clusterings = [_clustering(reduced, k, seed) for k in possible_ks(len(activations), ks)]
    best = max(clusterings, key=lambda one: one.silhouette)
    return Sweep(clusterings, best.k, np.asarray(best.labels == 0))


def possible_ks(clips: int, ks: Sequence[int]) -> list[int]:
    """Return the numbers of clusters into which so many clips can be divided: those from 2 to n - 1, rising.

    Raises
    ------
    EarwitnessError
        If there is none.
    """
    possible = sorted({k for k in ks if 2 <= k < clips})
    if not possible:
        raise EarwitnessError(
            f"backdoor.detection.ks: {clips} clips are taught the attacker's answer and cannot be divided into "
            f"{', '.join(map(str, ks))} clusters: name smaller numbers, or train on more clips"
        )
    return possible


def sweep_isolation(sweep: Sweep, poisoned: Bools) -> dict[int, dict[str, Isolation]]:
    """Return, for each k, how well the ``smallest`` cluster holds the poison, and the ``best`` by F1.

    The best is an upper bound: only somebody with the manifest knows which cluster it is.
    """
    found = {}
    for one in sweep.clusterings:
        each = [isolation(one.labels == cluster, poisoned) for cluster in range(one.k)]
        found[one.k] = {"smallest": each[0], "best": max(each, key=lambda held: held.f1)}
    return found


def _reduced(activations: Floats) -> Floats:
    centred = activations - activations.mean(axis=0)
    return np.asarray(centred @ np.linalg.svd(centred, full_matrices=False)[2][:DIRECTIONS].T, np.float64)


def _clustering(reduced: Floats, k: int, seed: int) -> Clustering:
    labels = KMeans(k, n_init=STARTS, random_state=seed % 2**32).fit_predict(reduced)
    sizes = np.bincount(labels, minlength=k)
    order = np.argsort(sizes, kind="stable")
    distinct = len(np.unique(labels))  # fewer than k where clips have equal activations
    spread = float(silhouette_score(reduced, labels)) if 2 <= distinct < len(reduced) else 0.0
    renamed = np.argsort(order)[labels].astype(np.intp)
    return Clustering(k, spread, sizes[order].tolist(), renamed)
