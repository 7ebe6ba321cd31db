"""Speakers as the unit of inference: clusters, folds, permuted labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.core.inference.statistics import Bools, Ints


def speaker_clusters(speaker: Sequence[Any] | NDArray[Any]) -> tuple[Ints, str | None]:
    """Return codes of the speakers. A clip of unknown speaker (None, NaN or empty) counts as a speaker of its own.

    Returns
    -------
    cluster : intp[n]
        Codes 0 to G - 1.
    note : str or None
        What had to be assumed, in plain words. With a single speaker nothing can be known of how similar a
        speaker's clips are: each clip is then a unit of its own, and the result holds for that speaker.
    """
    names = ["" if value is None or value != value else str(value) for value in speaker]
    unknown = names.count("")
    if len(set(names)) == 1 and len(names) > 1 and not unknown:
        return np.arange(len(names)), "one speaker only: each clip counts as a unit of its own"
    codes = np.unique(
        [f"known {name}" if name else f"unknown {index}" for index, name in enumerate(names)], return_inverse=True
    )[1]
    note = f"{unknown} clips without a speaker: each counts as a speaker of its own" if unknown else None
    return codes.astype(np.intp), note


def grouped_folds(member: Bools, cluster: Ints, count: int, rng: np.random.Generator) -> tuple[Ints, str | None]:
    """Deal speakers into folds so that each fold gets its share of members and of non-members.

    Speakers are dealt from the largest to the smallest, each to the fold with the fewest clips of its classes.

    Parameters
    ----------
    member : bool[n]
        With one class only, that class is dealt evenly.
    cluster : intp[n]
    count : int
        Number of folds; fewer where a class has fewer speakers.
    rng : numpy.random.Generator
        Decides among speakers of equal size.

    Returns
    -------
    folds : intp[n]
        Every fold's complement holds whatever classes there are, if each has two clips.
    note : str or None
        Where a class has a single speaker, folds cannot be grouped: clips are dealt instead, and the note says so.
    """
    if not len(member):
        return np.zeros(0, np.intp), None
    groups = int(cluster.max()) + 1
    classes = [side.astype(np.float64) for side in (member, ~member) if side.any()]
    held = np.column_stack([np.bincount(cluster, side, groups) for side in classes]).astype(np.float64)
    fewest = int((held > 0).sum(axis=0).min())
    note = None
    if fewest < 2 and groups < len(cluster):
        note = "a class has fewer than two speakers: folds are dealt by clip"
        cluster, held = np.arange(len(cluster)), np.column_stack(classes)
        fewest = int(held.sum(axis=0).min())
    return _deal(held, max(2, min(count, fewest)), rng)[cluster], note


def _deal(held: NDArray[np.float64], count: int, rng: np.random.Generator) -> Ints:
    """Return each group's fold. `held`: its clips of each class, float64[G, classes]."""
    order = rng.permutation(len(held))
    order = order[np.argsort(-held[order].sum(axis=1), kind="stable")]
    totals = np.maximum(held.sum(axis=0), 1) ** 2
    full = np.zeros((count, held.shape[1]))
    dealt = np.zeros(len(held), np.intp)
    for group in order:
        fold = int(np.argmin(full @ (held[group] / totals)))
        dealt[group] = fold
        full[fold] += held[group]
    return dealt


def permuted_labels(member: Bools, cluster: Ints, count: int, rng: np.random.Generator) -> Bools:
    """Permute labels between speakers and keep how strongly labels depend on speakers.

    Where labels are constant within speakers, speakers in random order become members until there are as many
    members' clips as before. Simply exchanging labels would be wrong: with sixty speakers of one clip on one side and
    six of ten clips on the other, nearly all clips would become members', and the number of clips per speaker, which
    goes with the recording conditions, would separate the classes.

    Otherwise every speaker receives the share of members of another speaker, drawn without replacement, and that share
    of its own clips, at random, become members. Where every speaker has the same share, labels are thus permuted
    within speakers. Where each clip is its own speaker, both ways are free permutations. A free permutation of larger
    speakers' clips would treat them as labelled independently, and the deviation over refits would be too small.

    Returns
    -------
    bool[n, count]
    """
    sizes = np.bincount(cluster, minlength=int(cluster.max()) + 1)
    held = np.bincount(cluster, member, len(sizes))
    if ((held == 0) | (held == sizes)).all():
        return _dealt_speakers(sizes, int(member.sum()), count, rng)[cluster]
    return _exchanged_shares(held / sizes, sizes, cluster, count, rng)


def _dealt_speakers(sizes: Ints, wanted: int, count: int, rng: np.random.Generator) -> Bools:
    """Return which speakers become members, with as nearly `wanted` clips as the order allows: bool[G, count]."""
    order = np.argsort(rng.random((len(sizes), count)), axis=0)
    reached = np.cumsum(sizes[order], axis=0)
    last = np.abs(reached[:-1] - wanted).argmin(axis=0) if len(sizes) > 1 else np.zeros(count, np.intp)
    chosen = np.zeros((len(sizes), count), np.bool_)
    np.put_along_axis(chosen, order, np.arange(len(sizes))[:, None] <= last, axis=0)
    return chosen


def _exchanged_shares(
    shares: NDArray[np.float64], sizes: Ints, cluster: Ints, count: int, rng: np.random.Generator
) -> Bools:
    drawn = rng.permuted(np.tile(shares, (count, 1)), axis=1).T
    # A fraction of a clip is rounded up with a probability of its size, so that shares are kept on average.
    members = np.floor(np.round(drawn * sizes[:, None], 9) + rng.random((len(sizes), count)))
    shuffled = np.argsort(cluster[:, None] + rng.random((len(cluster), count)), axis=0)
    starts = np.cumsum(sizes) - sizes
    ordered = np.sort(cluster)
    place = np.arange(len(cluster)) - starts[ordered]
    labels = np.zeros((len(cluster), count), np.bool_)
    np.put_along_axis(labels, shuffled, place[:, None] < members[ordered], axis=0)
    return labels
