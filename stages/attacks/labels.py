"""Inputs of labelled attacks: labels, folds of speakers, blind features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.attacks.ragged import Floats
from stages.attacks.registry import Known
from stages.core.inference.folds import grouped_folds, permuted_labels, speaker_clusters


def known_of(
    member: Sequence[bool | None],
    speaker: Sequence[str | None],
    blind: Floats,
    folds: int,
    permutations: int,
    rng: np.random.Generator,
) -> Known:
    """Deal the labelled clips' speakers into folds.

    Parameters
    ----------
    member : sequence of bool or None
        None where membership is unknown: such a clip is scored, but models are not trained on it.
    speaker : sequence of str or None
    blind : float64[n, d]
    folds, permutations : int
    rng : numpy.random.Generator
    """
    labelled = np.array([value is not None for value in member], np.bool_)
    truth = np.array([bool(value) for value in member], np.bool_)
    cluster, _ = speaker_clusters(list(speaker))
    dealt = np.full(len(truth), -1, np.intp)
    shuffled = np.zeros((len(truth), permutations), np.bool_)
    if labelled.any():
        own = np.unique(cluster[labelled], return_inverse=True)[1].astype(np.intp)
        dealt[labelled], _ = grouped_folds(truth[labelled], own, folds, rng)
        if permutations:
            shuffled[labelled] = permuted_labels(truth[labelled], own, permutations, rng)
    return Known(truth, labelled, dealt, cluster, blind, shuffled)
