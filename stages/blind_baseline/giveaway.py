"""What gives a split away: the features and n-grams that separate, with direction and size, as sentences.

In: features and transcripts of the clips whose membership is known. Out: the largest differences. Each has its AUC, its
size in deviations, whether it stands out among so many features, and a sentence such as 'sound ends at 7.9 kHz in
members, 3.4 kHz in non-members'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict

import numpy as np
from scipy.special import stdtrit
from sklearn.feature_extraction.text import CountVectorizer

from stages.blind_baseline.phrases import sentence
from stages.blind_baseline.separation import separation_of_blocks
from stages.core.inference.statistics import Bools, Floats, Ints, auc

GIVEAWAYS = 10
LEVEL = 0.05
FEWEST_CLIPS = 5
"""In which an n-gram must occur."""

MOST_NGRAMS = 2000
NGRAMS_AT_ONCE = 128
Direction = Literal["members", "non_members"]


class FeatureGiveaway(TypedDict):
    """A feature that separates.

    Attributes
    ----------
    feature : str
    size : float
        Absolute difference of means, divided by the pooled deviation within classes.
    direction : Direction
        The class with the higher mean.
    auc : float
        The feature's own AUC; below 0.5 if it is higher in non-members.
    stands_out : bool
        Whether the difference is significant with clustering by speaker, corrected for the number of features.
    words : str
    """

    feature: str
    size: float
    direction: Direction
    auc: float
    stands_out: bool
    words: str


class NgramGiveaway(TypedDict):
    """An n-gram that separates: the shares of the members' and of the non-members' clips that contain it."""

    ngram: str
    kind: str
    members: float
    non_members: float
    direction: Direction
    words: str


def giveaways(features: Floats, names: list[str], member: Bools, cluster: Ints | None = None) -> list[FeatureGiveaway]:
    """Return the features that separate most, by the standardised difference of their means.

    Parameters
    ----------
    features : float64[n, d]
    names : list of str
    member : bool[n]
    cluster : intp[n], optional
        Speakers, for `stands_out`; without them, each clip counts as a speaker of its own.

    Returns
    -------
    list of FeatureGiveaway
        At most ten, the largest first. Empty if there is one class only.
    """
    if member.all() or not member.any():
        return []
    inside, outside = features[member], features[~member]
    pooled = np.sqrt((inside.var(axis=0) + outside.var(axis=0)) / 2)
    gap = inside.mean(axis=0) - outside.mean(axis=0)
    # A feature that is constant within each class and differs between them separates perfectly: its size is finite.
    size = gap / np.maximum(pooled, 1e-6 * np.maximum(np.abs(gap), 1e-9))
    size = np.where(np.abs(gap) > 1e-9 * (1 + np.abs(features).max(axis=0)), np.clip(size, -99, 99), 0.0)
    largest = np.argsort(-np.abs(size), kind="stable")[:GIVEAWAYS]
    beyond = _stands_out([features], member, cluster)
    return [
        {
            "feature": names[index],
            "size": float(abs(size[index])),
            "direction": "members" if size[index] > 0 else "non_members",
            "auc": auc(features[:, index], member),
            "stands_out": bool(beyond[index]),
            "words": sentence(names[index], inside[:, index], outside[:, index]),
        }
        for index in largest
        if size[index] != 0
    ]


def _stands_out(blocks: Iterable[Floats], member: Bools, cluster: Ints | None) -> Bools:
    """Return whether each column separates significantly at 0.05, corrected for the number of columns: bool[d].

    Columns are given some at a time, because the n-grams of a large corpus do not fit in memory together.
    """
    speakers = np.arange(len(member)) if cluster is None else cluster
    units = min(len(np.unique(speakers[member])), len(np.unique(speakers[~member])))
    freedom = max(1, 2 * (units - 1))
    found = separation_of_blocks(map(_standardised, blocks), member[:, None], speakers)[:, 0]
    return np.asarray(found > -stdtrit(freedom, LEVEL / (2 * max(1, len(found)))))


def _standardised(columns: Floats) -> Floats:
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1))


def ngram_giveaways(texts: Sequence[str], member: Bools, cluster: Ints) -> list[NgramGiveaway]:
    """Return the words, pairs of words and three-character sequences whose presence separates most.

    Parameters
    ----------
    texts : sequence of str
        Case is ignored.
    member : bool[n]
    cluster : intp[n]
        Speakers.

    Returns
    -------
    list of NgramGiveaway
        At most ten that stand out among all that occur in at least five clips, the largest first. Empty if there is
        one class only or no text.
    """
    found: list[NgramGiveaway] = []
    if member.all() or not member.any():
        return found
    kinds = {"words": ("word", (1, 2), r"\S+"), "characters": ("char_wb", (3, 3), None)}
    for kind, (analyzer, span, pattern) in kinds.items():
        counter = CountVectorizer(
            analyzer=analyzer, ngram_range=span, token_pattern=pattern, binary=True, max_features=MOST_NGRAMS
        )
        if not any(map(counter.build_analyzer(), texts)):
            continue
        present = counter.fit_transform(texts)
        often = np.flatnonzero(np.asarray(present.sum(axis=0)).ravel() >= FEWEST_CLIPS)
        columns = present[:, often].astype(np.float64).tocsc()
        blocks = (
            columns[:, start : start + NGRAMS_AT_ONCE].toarray() for start in range(0, len(often), NGRAMS_AT_ONCE)
        )
        for at in np.flatnonzero(_stands_out(blocks, member, cluster)):
            ngram, one = str(counter.get_feature_names_out()[often[at]]), columns[:, [at]].toarray()[:, 0]
            found.append(_ngram(ngram, kind, float(one[member].mean()), float(one[~member].mean())))
    return sorted(found, key=_plainest)[:GIVEAWAYS]


def _plainest(tell: NgramGiveaway) -> tuple[float, bool, str]:
    """Return a sort key: the larger difference of shares first; if equal, words before characters, as plainer."""
    return -abs(tell["members"] - tell["non_members"]), tell["kind"] != "words", tell["ngram"]


def _ngram(ngram: str, kind: str, inside: float, outside: float) -> NgramGiveaway:
    return {
        "ngram": ngram,
        "kind": kind,
        "members": inside,
        "non_members": outside,
        "direction": "members" if inside > outside else "non_members",
        "words": f"{ngram!r} is in {inside:.0%} of the members' transcripts and {outside:.0%} of the others'",
    }
