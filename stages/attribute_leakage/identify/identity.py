"""Same-speaker trials on pooled embeddings: whether the vectors of a layer tell who speaks.

In: embeddings of every layer, speakers, and, where known, genders, sessions and texts. Out: for each layer the measures
of `stages.attribute_leakage.identify.verification`, twice: against all other speakers (``all``), and against speakers
of the same gender only (``same_gender``), because gender alone tells many pairs apart.

Three confounders are excluded. Embeddings are centred and scaled by clips of neither speaker of a trial. Where speakers
have several recording sessions, every mated trial crosses sessions, and a speaker with one session has no mated trial.
Where texts are known, no trial compares two clips of the same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stages.attribute_leakage.identify.verification import Trials, trials, verify
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Bools, Floats, Ints
from stages.core.run.randomness import generator

MOST_TRIALS = 20_000
"""The largest number of trials of each kind. Where there are more, this many are drawn at random."""
FOLDS = 5
LEAST_SPEAKERS = 4
"""A trial needs two speakers, and others are needed to centre and scale the embeddings."""


@dataclass(frozen=True)
class Speech:
    """Clips whose speaker is known, in the order of their ids. Elsewhere None and an empty string mean unknown.

    Attributes
    ----------
    clip_id, speaker : list of str
    gender, session, text : list of str or None
    """

    clip_id: list[str]
    speaker: list[str]
    gender: list[Any]
    session: list[Any]
    text: list[Any]


@dataclass(frozen=True)
class Pairs:
    """Pairs of clips to compare. A clip is given by its position.

    Attributes
    ----------
    mated, non_mated : intp[k, 2]
    same_gender : bool[k]
        Whether the two speakers of a non-mated pair are known to have the same gender.
    across_sessions : bool
        Whether mated pairs cross sessions.
    """

    mated: Ints
    non_mated: Ints
    same_gender: Bools
    across_sessions: bool


@dataclass(frozen=True)
class Identity:
    """The result of the same-speaker trials.

    Attributes
    ----------
    layers : dict of str to dict of str to dict
        By layer, then ``all`` and ``same_gender``: the measures of `verify`. ``same_gender`` is left out where genders
        are unknown.
    reason : str or None
        Why there are no measures; None where there are some.
    across_sessions : bool or None
        Whether mated pairs cross sessions; None without measures.
    """

    layers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    reason: str | None = None
    across_sessions: bool | None = None


def identify(
    embeddings: Mapping[str, Floats],
    clip_ids: Sequence[str],
    speakers: Sequence[Any],
    seed: int,
    *,
    genders: Sequence[Any] | None = None,
    sessions: Sequence[Any] | None = None,
    texts: Sequence[Any] | None = None,
    most: int = MOST_TRIALS,
) -> Identity:
    """Run the same-speaker trials on every layer.

    Parameters
    ----------
    embeddings : mapping of str to float[n, d]
        Clips in the order of `clip_ids`.
    clip_ids : sequence of str
    speakers : sequence of str or None
        Clips of unknown speaker take no part.
    seed : int
        All random draws depend on the seed and the clips' ids, not on the order of the clips.
    genders, sessions, texts : sequence of str or None, optional
    most : int
        The largest number of trials of each kind.

    Returns
    -------
    Identity
        With a `reason` and no measures where there are fewer than `LEAST_SPEAKERS` speakers or a kind has no trial.

    Raises
    ------
    EarwitnessError
        If a layer has values that are not finite.
    """
    unknown = [None] * len(clip_ids)
    order = [at for at in np.argsort(np.array(clip_ids, dtype=str), kind="stable") if speakers[at]]
    known = (unknown if column is None else column for column in (genders, sessions, texts))
    columns = (clip_ids, speakers, *known)
    speech = Speech(*([column[at] for at in order] for column in columns))
    count = len(set(speech.speaker))
    if count < LEAST_SPEAKERS:
        return Identity(reason=f"{count} known speakers: {LEAST_SPEAKERS} are needed")
    pairs = drawn_pairs(speech, most, generator(seed, "identity trials"))
    if not len(pairs.mated) or not len(pairs.non_mated):
        return Identity(reason="no speaker has two clips that can be compared, of different texts and sessions")
    codes = np.unique(speech.speaker, return_inverse=True)[1].astype(np.intp)
    folds = _folds(codes, generator(seed, "identity folds"))
    found = {}
    for name, values in embeddings.items():
        scores = _checked_cosines(name, np.asarray(values, np.float64)[order], folds, pairs)
        found[name] = _measured(*scores, pairs, codes, seed)
    return Identity(found, None, pairs.across_sessions)


def drawn_pairs(speech: Speech, most: int, rng: np.random.Generator) -> Pairs:
    """Draw at most `most` pairs of each kind. No speaker has more than an equal share of the mated pairs."""
    codes = np.unique(speech.speaker, return_inverse=True)[1]
    sessions, texts, genders = (_codes(column) for column in (speech.session, speech.text, speech.gender))
    places = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    by_speaker = [own[_anywhere(len(own), 4 * most, rng)] for own in places]
    crossing = [pairs[_differs(sessions, pairs)] for pairs in by_speaker]
    across = any(len(pairs) for pairs in crossing)
    usable = [pairs[~_same(texts, pairs)] for pairs in (crossing if across else by_speaker)]
    share = max(1, most // max(1, sum(len(pairs) > 0 for pairs in usable)))
    mated = np.concatenate([_some(pairs, share, rng) for pairs in usable])
    others = _anywhere(len(codes), 4 * most, rng)
    others = others[(codes[others[:, 0]] != codes[others[:, 1]]) & ~_same(texts, others)]
    others = _some(others, most, rng)
    return Pairs(mated, others, _same(genders, others), across)


def _codes(column: Sequence[Any]) -> Ints:
    """Return the values as codes; -1 for an unknown value."""
    names = np.array(["" if value is None else str(value) for value in column], dtype=str)
    codes = np.unique(names, return_inverse=True)[1].astype(np.intp)
    return np.asarray(np.where(names == "", -1, codes), np.intp)


def _same(codes: Ints, pairs: Ints) -> Bools:
    """Return whether both clips of a pair are known to have the same value: bool[k]."""
    return np.asarray((codes[pairs[:, 0]] == codes[pairs[:, 1]]) & (codes[pairs[:, 0]] >= 0))


def _differs(codes: Ints, pairs: Ints) -> Bools:
    """Return whether the clips of a pair are known to have different values: bool[k]."""
    return np.asarray((codes[pairs[:, 0]] != codes[pairs[:, 1]]) & (codes[pairs] >= 0).all(axis=1))


def _some(pairs: Ints, most: int, rng: np.random.Generator) -> Ints:
    if len(pairs) <= most:
        return pairs
    return pairs[np.sort(rng.choice(len(pairs), most, replace=False))]


def _anywhere(count: int, most: int, rng: np.random.Generator) -> Ints:
    """Return pairs of positions below `count`, larger position first: all pairs, or `most` of them drawn at random."""
    total = count * (count - 1) // 2
    drawn = np.arange(total) if total <= most else np.sort(rng.choice(total, most, replace=False))
    larger = np.floor((1 + np.sqrt(1 + 8 * drawn.astype(np.float64))) / 2).astype(np.intp)
    return np.stack([larger, drawn - larger * (larger - 1) // 2], axis=1)


def _folds(codes: Ints, rng: np.random.Generator) -> Ints:
    """Assign whole speakers to folds. There are at least three: a trial leaves out up to two, and one must remain."""
    count = int(codes.max()) + 1
    return np.asarray((rng.permutation(count) % min(FOLDS, count))[codes], np.intp)


def _checked_cosines(name: str, values: Floats, folds: Ints, pairs: Pairs) -> tuple[Floats, Floats]:
    if not np.isfinite(values).all():
        raise EarwitnessError(f"layer {name}: some values are not finite: run the target in float32")
    return cosines(values, folds, pairs.mated), cosines(values, folds, pairs.non_mated)


def cosines(values: Floats, folds: Ints, pairs: Ints) -> Floats:
    """Return the cosine of each pair. Both clips are centred and scaled by the clips of all other folds.

    The clips of a pair lie in up to two folds, and both folds are left out. `stages.core.inference.crossfit` leaves out
    one fold at a time, so it does not fit here. Sums by fold give every centre and scale without a loop over the clips.

    Parameters
    ----------
    values : float64[n, d]
    folds : intp[n]
        At least three folds, of whole speakers.
    pairs : intp[k, 2]

    Returns
    -------
    float64[k]
        0 where a clip lies exactly at the centre.
    """
    sums = np.stack([values[folds == fold].sum(axis=0) for fold in range(folds.max() + 1)])
    squares = np.stack([(values[folds == fold] ** 2).sum(axis=0) for fold in range(folds.max() + 1)])
    held = np.bincount(folds)
    touched = np.sort(folds[pairs], axis=1)
    scores = np.zeros(len(pairs))
    for sides in np.unique(touched, axis=0):
        here = (touched == sides).all(axis=1)
        rest = np.setdiff1d(np.arange(len(held)), sides)
        centre = sums[rest].sum(axis=0) / held[rest].sum()
        spread = np.sqrt(np.maximum(squares[rest].sum(axis=0) / held[rest].sum() - centre**2, 0))
        scale = np.where(spread > 1e-6 * np.maximum(np.abs(centre), 1e-6), spread, np.inf)
        one, other = ((values[pairs[here, side]] - centre) / scale for side in (0, 1))
        length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        scores[here] = (one * other).sum(axis=1) / np.maximum(length, 1e-12)
    return scores


def _measured(mated: Floats, non_mated: Floats, pairs: Pairs, codes: Ints, seed: int) -> dict[str, dict[str, Any]]:
    found = {}
    for name, kept in (("all", np.ones(len(non_mated), bool)), ("same_gender", pairs.same_gender)):
        if kept.any():
            put: Trials = trials(mated, non_mated[kept], (codes[pairs.mated[:, 0]], *codes[pairs.non_mated[kept]].T))
            found[name] = verify(put, generator(seed, "identity", name))
    return found
