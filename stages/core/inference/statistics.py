"""Ranks, tests and intervals that every claim rests on.

Conventions: a higher score is more like a member; `member` is a boolean array with both classes present
unless a docstring says otherwise; `cluster` holds integer codes 0 to G - 1 of the unit of inference, the speaker.
Clustered bootstraps are in `stages.core.inference.bootstrap`, statistics given the blind score in
`stages.core.inference.conditional`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata, t

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


def renumbered(cluster: Ints) -> Ints:
    """Renumber the clusters of a subset of clips: codes 0 to G - 1 without gaps."""
    return np.unique(cluster, return_inverse=True)[1].astype(np.intp)


def auc(score: Floats, member: Bools) -> float:
    """Return the share of (member, non-member) pairs in which the member scores higher; a tie counts half.

    Parameters
    ----------
    score : float64[n]
        Without NaN.
    member : bool[n]

    Returns
    -------
    float
        In [0, 1]; 0.5 where all scores are equal; NaN where a class is empty.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    return float(column_aucs(score[:, None], member[:, None])[0])


def column_aucs(scores: Floats, members: Bools) -> Floats:
    """Return the AUC of every column, each with its own labels.

    Parameters
    ----------
    scores : float64[n, k]
    members : bool[n, k]

    Returns
    -------
    float64[k]
        NaN where a column's labels are of one class.
    """
    count = members.sum(axis=0).astype(np.float64)
    pairs = count * (len(members) - count)
    rank_sum = (rankdata(scores, axis=0) * members).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((rank_sum - count * (count + 1) / 2) / pairs)


def delong_error(score: Floats, member: Bools) -> float:
    """Return DeLong's standard error of the AUC, for independent clips.

    The variance of the placement values of each class over its size (DeLong et al. 1988, by midranks as in
    Sun and Xu 2014). NaN where a class has fewer than two clips; 0 under perfect separation.
    """
    positive, negative = score[member], score[~member]
    if min(len(positive), len(negative)) < 2:
        return float("nan")
    pooled = rankdata(np.concatenate([positive, negative]))
    above = (pooled[: len(positive)] - rankdata(positive)) / len(negative)
    below = 1 - (pooled[len(positive) :] - rankdata(negative)) / len(positive)
    return float(np.sqrt(above.var(ddof=1) / len(positive) + below.var(ddof=1) / len(negative)))


@dataclass(frozen=True)
class AUCTest:
    """A one-sided test of AUC = 0.5 against AUC > 0.5, clustered by speaker.

    Attributes
    ----------
    auc : float
    error : float
        Clustered standard error of the AUC.
    freedom : float
        Degrees of freedom of the t distribution that it is referred to.
    p : float
        1.0 where no test is possible: one class, fewer than three speakers, or all scores equal.
    """

    auc: float
    error: float
    freedom: float
    p: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval, cut to [0, 1]; the whole of [0, 1] where the error is not defined."""
        if not self.error > 0:
            return (0.0, 1.0)
        half = float(t.ppf(0.5 + level / 2, self.freedom)) * self.error
        return (max(0.0, self.auc - half), min(1.0, self.auc + half))

    def smallest_detectable(self, alpha: float, power: float = 0.8) -> float:
        """Return the smallest AUC that a test at `alpha` finds with probability `power`; 1.0 where none."""
        if not self.error > 0:
            return 1.0
        return min(1.0, 0.5 + float(t.isf(alpha, self.freedom) + t.ppf(power, self.freedom)) * self.error)


def clustered_test(score: Floats, member: Bools, cluster: Ints, extra: Floats | None = None) -> AUCTest:
    """Test whether members score higher, with speakers as the unit of inference.

    AUC - 0.5 is the sum over clips of (member - share of members) · (midrank - mean midrank) / (n1 · n0). These
    contributions are summed by speaker. Their variance between speakers is the variance of the whole, whether a speaker
    is on one side or on both, and however similar a speaker's clips are. Midranks are taken in the pooled sample, as
    under the null, so the error stays above 0 under perfect separation.

    Parameters
    ----------
    score : float64[n]
    member : bool[n]
    cluster : intp[n]
        Gaps in the numbering do not matter.
    extra : float64[n], optional
        What each clip adds to the AUC's error through a quantity that was estimated first (delta method).

    Returns
    -------
    AUCTest
    """
    total, positive = len(score), int(member.sum())
    cluster = renumbered(cluster)
    groups = int(cluster.max()) + 1 if total else 0
    if min(positive, total - positive) == 0 or groups < 3:
        return AUCTest(auc(score, member), float("nan"), 0.0, 1.0)
    weight = np.asarray(member - positive / total, dtype=np.float64)
    centred = np.asarray(rankdata(score) - (total + 1) / 2, dtype=np.float64)
    influence = weight * centred / (positive * (total - positive))
    effect = float(influence.sum())
    by_speaker = np.bincount(cluster, influence if extra is None else influence + extra, groups)
    # Two degrees of freedom are used: the mean over speakers, and the midranks' own mean.
    error = float(np.sqrt(groups / (groups - 2) * ((by_speaker - by_speaker.mean()) ** 2).sum()))
    if error < 1e-12:
        # All speakers contribute equally: only the size of the contribution can stand for their variance.
        error = float(np.sqrt((by_speaker**2).sum()))
    if error < 1e-12:
        return AUCTest(0.5 + effect, 0.0, 0.0, 1.0)
    freedom = _freedom(centred, weight, member, cluster, groups)
    return AUCTest(0.5 + effect, error, freedom, float(t.sf(effect / error, freedom)))


def _freedom(centred: Floats, weight: Floats, member: Bools, cluster: Ints, groups: int) -> float:
    """Return Satterthwaite's degrees of freedom: a few large speakers count for fewer than their number.

    The expected variance of each speaker follows from the clips' weights and the correlation of midranks
    within a speaker, estimated over pairs after the two classes' means are taken off.
    """
    residual = centred - np.where(member, centred[member].mean(), centred[~member].mean())
    sizes = np.bincount(cluster, minlength=groups)
    pairs = (sizes * (sizes - 1)).sum()
    between = (np.bincount(cluster, residual, groups) ** 2).sum() - (residual**2).sum()
    spread = float((residual**2).mean())
    correlation = float(np.clip(between / pairs / spread, 0, 1)) if pairs and spread > 0 else 0.0
    own = np.bincount(cluster, weight**2, groups)
    expected = own + correlation * (np.bincount(cluster, weight, groups) ** 2 - own)
    # Where every speaker's weights cancel, no variance is expected of any (up to rounding): all count equally.
    expected = np.maximum(expected, 1e-9 * own.max())
    return float(max(1.0, expected.sum() ** 2 / (expected**2).sum() - 2))


def holm(p: Floats) -> Floats:
    """Return Holm's adjusted p values (family-wise, step-down), in the order given.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share; (0, 1) without trials."""
    if trials == 0:
        return (0.0, 1.0)
    z = float(norm.ppf(0.5 + level / 2))
    share, scale = successes / trials, 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / scale
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / scale
    return (max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def allowed_false_positives(negatives: Floats, rate: float) -> Floats:
    """Return how many of the negatives may lie above the threshold that bounds the false-positive rate.

    The threshold is the ceil((1 - rate) · (n + 1))-th smallest negative score, so that a new negative exceeds it
    with probability at most `rate`. -1 where there are too few negatives for any threshold (n < 1 / rate - 1).
    """
    # Rounding first: (1 - 0.01) * 100 is a hair above 99 in floating point.
    return np.asarray(negatives - np.ceil(np.round((1 - rate) * (negatives + 1), 9)))


def roc(score: Floats, member: Bools, points: int = 200) -> tuple[Floats, Floats]:
    """Return false- and true-positive rates from (0, 0) to (1, 1), at most `points` of them, evenly thinned."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true = np.append(0, np.cumsum(member[order])[last]) / member.sum()
    false = np.append(0, np.cumsum(~member[order])[last]) / (~member).sum()
    keep = np.unique(np.linspace(0, len(true) - 1, points).round().astype(np.intp))
    return false[keep], true[keep]
