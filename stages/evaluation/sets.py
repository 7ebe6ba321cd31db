"""What a set of clips shows together, even if no single clip does: the corpus, and each speaker.

If a model saw its training data once, attacks on individual clips are close to chance, but tests of sets are not (arXiv
2411.00154). As in dataset inference (arXiv 2406.06443), the attacks' weights are learned on some speakers, and the
difference is measured on others. Unlike there, the null distribution comes from permuting labels between speakers, with
a refit for each permutation. So neither overfitting nor the similarity of a speaker's clips counts as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, t

from stages.core.inference.conformal import conformal_p
from stages.core.inference.crossfit import PredictRows, Split, cross_fitted
from stages.core.inference.folds import grouped_folds, permuted_labels
from stages.core.inference.statistics import Bools, Floats, Ints, wilson
from stages.core.results.membership import SetResult

PERMUTATIONS = 999
LEVEL = 0.05
SHRINKAGE = 0.1
"""Ridge penalty per clip on standardised scores; it is needed because the attacks are highly correlated."""

_AT_ONCE = 100  # permutations in memory at once


@dataclass(frozen=True)
class SetEvidence:
    """What the primary attacks show for sets of clips.

    Attributes
    ----------
    p : float
        For the corpus: the share of label permutations with a mean difference at least as large; 1.0 if no test is
        possible.
    used : float
        Lower 95 % bound of the share of members that the model saw, if the split is fair; in [0, 1], and 0 if `p` is
        not significant.
    score : float64[n]
        The weighted score of every clip, higher = more like a member, learned from other speakers' clips.
    speakers, significant : int
        Number of speakers that could be tested, and number that are significant after Benjamini and Hochberg at 5 %.
    """

    p: float
    used: float
    score: Floats
    speakers: int
    significant: int

    def result(self) -> SetResult:
        """Return what is written of it."""
        return SetResult(
            p=self.p,
            used_share_at_least=self.used,
            speakers_tested=self.speakers,
            speakers_significant=self.significant,
        )


def of_sets(scores: Floats, member: Bools, cluster: Ints, folds: int, rng: np.random.Generator) -> SetEvidence:
    """Test the corpus and its speakers as sets.

    Parameters
    ----------
    scores : float64[n, k]
        Primary attacks; NaN counts as the attack's mean.
    member : bool[n]
    cluster : intp[n]
    folds : int
        Number of folds, by speaker, for learning the weights.
    rng : numpy.random.Generator
    """
    flat = np.zeros(len(member))
    if min(member.sum(), (~member).sum()) < 2 or len(np.unique(cluster)) < 3:
        return SetEvidence(1.0, 0.0, flat, 0, 0)
    dealt, _ = grouped_folds(member, cluster, folds, rng)
    standard = _standardised(scores)
    true = held_out_scores(standard, member[:, None], dealt)[:, 0]
    found = _differences(true[:, None], member[:, None])[0]
    as_large = 0
    for start in range(0, PERMUTATIONS, _AT_ONCE):
        labels = permuted_labels(member, cluster, min(_AT_ONCE, PERMUTATIONS - start), rng)
        as_large += int((_differences(held_out_scores(standard, labels, dealt), labels) >= found - 1e-12).sum())
    corpus_p = (1 + as_large) / (PERMUTATIONS + 1)
    p = speaker_p(true, member, cluster)
    tested = p[np.isfinite(p)]
    return SetEvidence(
        p=corpus_p,
        used=used_share(true, member, cluster, dealt) if corpus_p < LEVEL else 0.0,
        score=true,
        speakers=len(tested),
        significant=int((false_discovery_control(tested) <= LEVEL).sum()),
    )


def _standardised(scores: Floats) -> Floats:
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, scores, 0).sum(axis=0) / count
    centred = np.where(known, scores - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def held_out_scores(standard: Floats, labels: Bools, folds: Ints) -> Floats:
    """Return the clips' weighted scores for every label vector, with weights from the other folds.

    Parameters
    ----------
    standard : float64[n, k]
    labels : bool[n, m]
    folds : intp[n]

    Returns
    -------
    float64[n, m]
    """

    def fit(split: Split) -> PredictRows:
        known, of_known = standard[split.train], labels[split.train]
        penalty = SHRINKAGE * len(known) * np.eye(known.shape[1])
        weights = np.linalg.solve(known.T @ known + penalty, known.T @ (of_known - of_known.mean(axis=0)))
        return lambda rows: standard[rows] @ weights

    return cross_fitted(fit, folds, (labels.shape[1],))


def _differences(scores: Floats, labels: Bools) -> Floats:
    """Return the members' mean score minus the non-members', for every column; 0 if a class is empty."""
    members = labels.sum(axis=0)
    others = len(labels) - members
    inside = (scores * labels).sum(axis=0)
    return np.asarray(inside / np.maximum(members, 1) - (scores.sum(axis=0) - inside) / np.maximum(others, 1))


def speaker_p(score: Floats, member: Bools, cluster: Ints) -> Floats:
    """Return for every speaker the p value of the hypothesis that none of the speaker's member clips was used.

    This is a conformal p value, which assumes exchangeable speakers. If each speaker is on one side only, the mean of a
    speaker's member clips is ranked among the means of the speakers of non-members. If speakers are on both sides, the
    difference between a speaker's member clips and their other clips is ranked among the differences between two halves
    of the speakers' other clips. Each mean or difference is divided by the deviation that follows from its numbers of
    clips, because means of few clips vary more.

    Returns
    -------
    float64[G]
        NaN for speakers without member clips, and if the null distribution has fewer than 19 speakers.
    """
    groups = int(cluster.max(initial=-1)) + 1
    p = np.full(groups, np.nan)
    inside, outside = (np.bincount(cluster[side], minlength=groups) for side in (member, ~member))
    both = (inside > 0) & (outside > 0)
    means = [
        np.bincount(cluster[side], score[side], groups) / np.maximum(count, 1)
        for side, count in ((member, inside), (~member, outside))
    ]
    scale = np.sqrt(1 / np.maximum(inside, 1) + 1 / np.maximum(outside, 1))
    alone = (inside > 0) & (outside == 0)
    free = (outside > 0) & (inside == 0)
    if free.sum() >= 19:
        between, within = _variances(score, cluster, free)
        center = means[1][free].mean()
        of_one = [
            (mean - center) / np.sqrt(between + within / np.maximum(count, 1))
            for mean, count in zip(means, (inside, outside), strict=True)
        ]
        p[alone] = conformal_p(of_one[0][alone], of_one[1][free])
    null = _halves(score, cluster, ~member, groups)
    if len(null) >= 19:
        p[both] = conformal_p(((means[0] - means[1]) / scale)[both], null)
    return p


def _variances(score: Floats, cluster: Ints, chosen: Bools) -> tuple[float, float]:
    """Return the variance between and within the chosen speakers, estimated by moments.

    If no speaker has two clips, all variance counts as variance between speakers, which is the cautious choice for
    speakers with more clips.
    """
    rows = chosen[cluster]
    sizes = np.bincount(cluster[rows], minlength=len(chosen))
    means = np.bincount(cluster[rows], score[rows], len(chosen)) / np.maximum(sizes, 1)
    spare = int((sizes[chosen] - 1).sum())
    within = float(((score - means[cluster])[rows] ** 2).sum() / spare) if spare else 0.0
    between = float(max(means[chosen].var(ddof=1) - within * (1 / sizes[chosen]).mean(), 0.0))
    return (between, within) if between + within > 0 else (1.0, 0.0)


def _halves(score: Floats, cluster: Ints, chosen: Bools, groups: int) -> Floats:
    """Return the difference between the first and second half of each speaker's chosen clips, if they have two or more.

    The unit is deviations, up to a factor that is the same for all speakers.
    """
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(cluster[rows], kind="stable")]
    sizes = np.bincount(cluster[rows], minlength=groups)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = place < sizes[cluster[rows]] // 2
    counts = [np.maximum(np.bincount(cluster[rows][half], minlength=groups), 1) for half in (first, ~first)]
    means = [
        np.bincount(cluster[rows][half], score[rows][half], groups) / count
        for half, count in zip((first, ~first), counts, strict=True)
    ]
    return np.asarray(((means[0] - means[1]) / np.sqrt(1 / counts[0] + 1 / counts[1]))[sizes >= 2])


def used_share(score: Floats, member: Bools, cluster: Ints, folds: Ints) -> float:
    """Return the lower 95 % bound of the share of members that were used.

    Unused members score like non-members. So at any threshold the share of members above it is at most
    u + (1 - u) · FPR, where u is the share that was used. Therefore u is at least (TPR - FPR) / (1 - FPR). Each fold
    uses the threshold that is best in the other folds. The standard error comes from the speakers' contributions.

    Returns
    -------
    float
        In [0, 1].
    """

    def fit(split: Split) -> PredictRows:
        threshold = _best_threshold(score[split.train], member[split.train])
        return lambda rows: score[rows] > threshold

    above = cross_fitted(fit, folds) > 0
    false, true = above[~member].mean(), above[member].mean()
    bound = (true - false) / max(1 - false, 1e-9)
    # The derivatives of the bound by TPR and FPR give each clip's contribution.
    effect = np.where(member, above - true, 0.0) / member.sum() / max(1 - false, 1e-9)
    effect -= np.where(member, 0.0, above - false) / (~member).sum() * (1 - true) / max(1 - false, 1e-9) ** 2
    by_speaker = np.bincount(cluster, effect)
    groups = len(np.unique(cluster))
    error = float(np.sqrt(groups / (groups - 1) * (by_speaker**2).sum()))
    # If every member is above the threshold, speakers do not differ; then the number of clips limits the bound.
    least = (wilson(int(above[member].sum()), int(member.sum()), 0.9)[0] - false) / max(1 - false, 1e-9)
    return float(np.clip(min(bound - t.isf(LEVEL, groups - 1) * error, least), 0.0, 1.0))


def _best_threshold(score: Floats, member: Bools) -> float:
    # Thresholds start at the non-members' median and end where 1 - FPR gets small, because the ratio is unstable there.
    tried = np.quantile(score[~member], np.linspace(0.5, 0.95, 10))
    false = (score[~member][:, None] > tried).mean(axis=0)
    true = (score[member][:, None] > tried).mean(axis=0)
    return float(tried[np.argmax((true - false) / (1 - false))])
