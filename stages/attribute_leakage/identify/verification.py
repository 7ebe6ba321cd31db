"""How well scores tell trials of one speaker (mated) from trials of two speakers (non-mated).

In: scores of both kinds, higher = more alike. Out: the equal error rate and the true-positive rate at low
false-positive rates with intervals over speakers, the DET curve, linkability (D_sys of Gomez-Barrero et al., IEEE TIFS
13(6), 2018) and ZEBRA's population and worst-case disclosure (Nautsch et al., arXiv 2005.09413).

Linkability and ZEBRA's population disclosure are fitted to the same scores that they judge, so even scores without
information give more than 0. Both are therefore adjusted for chance, as Cohen's kappa is:
(found - chance) / (most - chance). `chance` is the mean of the measure over permutations of the mated labels. Perfect
scores keep the maximum. Random scores give 0 up to sampling error; values below 0 are set to 0. The value before the
adjustment and the chance level are returned too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.isotonic import isotonic_regression

from stages.core.errors import EarwitnessError
from stages.core.inference.bootstrap import percentile_interval, speaker_draws
from stages.core.inference.statistics import Bools, Floats, Ints, roc

DRAWS = 300
PERMUTATIONS = 20
RATES = (0.01, 0.001)
"""False-positive rates at which the true-positive rate is given: the share found by a search that rarely errs."""
LEAST_BEYOND = 10
"""Expected number of non-mated trials above a threshold. With fewer, the relative error of its rate exceeds a third."""
MOST_BITS = 1 / (2 * np.log(2))
"""ZEBRA's population disclosure of perfect scores, 0.721 bits: the entropy of the prior, averaged over all priors."""
CATEGORIES = ((0.0, "0"), (1.0, "A"), (2.0, "B"), (4.0, "C"), (5.0, "D"), (6.0, "E"), (np.inf, "F"))
"""ZEBRA's categories: upper bounds on the decadic logarithm of the strongest likelihood ratio."""


Curve = tuple[Floats, Floats]
"""False- and true-positive rates, rising from 0 to 1."""


@dataclass(frozen=True)
class Trials:
    """Scored trials.

    Attributes
    ----------
    score : float64[n]
    mated : bool[n]
    first, second : intp[n]
        Codes of the two speakers of each trial, equal for mated ones.
    """

    score: Floats
    mated: Bools
    first: Ints
    second: Ints


def trials(mated: Floats, non_mated: Floats, speakers: tuple[Ints, Ints, Ints] | None = None) -> Trials:
    """Join the scores of both kinds.

    Parameters
    ----------
    mated, non_mated : float64[m], float64[k]
        At least one score each, finite.
    speakers : (intp[m], intp[k], intp[k]), optional
        Codes 0 to G - 1 of the speaker of each mated trial and of the two speakers of each non-mated trial. Without
        them every trial counts as one of speakers that appear in no other trial.

    Raises
    ------
    EarwitnessError
        If a kind has no scores, or if some scores are not finite.
    """
    for name, scores in (("mated", mated), ("non-mated", non_mated)):
        if not len(scores):
            raise EarwitnessError(f"no {name} trials: both kinds are needed to judge a verifier")
        if not np.isfinite(scores).all():
            raise EarwitnessError(f"{int((~np.isfinite(scores)).sum())} {name} scores are not finite: leave them out")
    if speakers is None:
        alone = np.arange(len(mated) + len(non_mated))
        speakers = alone[: len(mated)], alone[len(mated) :], alone[len(mated) :]
    same, one, other = speakers
    score = np.concatenate([mated, non_mated]).astype(np.float64)
    is_mated = np.arange(len(score)) < len(mated)
    return Trials(score, is_mated, np.concatenate([same, one]), np.concatenate([same, other]))


def verify(found: Trials, rng: np.random.Generator) -> dict[str, Any]:
    """Return every measure of a verifier.

    Returns
    -------
    dict
        ``eer``, ``eer_ci``; ``tpr_at_fpr``: by rate, ``tpr`` and ``ci`` (both None, with a ``reason``, where there are
        fewer than `LEAST_BEYOND` / rate non-mated trials); ``linkability``, ``linkability_found``,
        ``linkability_chance``; ``zebra_bits``, ``zebra_found``, ``zebra_chance``; ``zebra_worst_case``,
        ``zebra_category``; ``det``: ``fpr``, ``fnr``; ``mated``, ``non_mated`` and ``speakers``: numbers of each.
    """
    drawn = np.array(
        [
            [_crossing(*curve), *(true_positive_rate(*curve, rate) for rate in RATES)]
            for curve in _drawn_curves(found, rng)
        ]
    ).reshape(-1, 1 + len(RATES))
    non_mated = int((~found.mated).sum())
    false, true = roc(found.score, found.mated)
    ratio = strongest_ratio(found.score, found.mated)
    linked = adjusted(linkability, found, 1.0, rng)
    bits = adjusted(population_bits, found, MOST_BITS, rng)
    return {
        "eer": equal_error_rate(found.score, found.mated),
        "eer_ci": list(percentile_interval(drawn[:, 0])),
        "tpr_at_fpr": {str(rate): _low(found, drawn[:, at], rate) for at, rate in enumerate(RATES, 1)},
        **dict(zip(("linkability", "linkability_found", "linkability_chance"), linked, strict=True)),
        **dict(zip(("zebra_bits", "zebra_found", "zebra_chance"), bits, strict=True)),
        "zebra_worst_case": ratio,
        "zebra_category": category(ratio),
        "det": {"fpr": false.tolist(), "fnr": (1 - true).tolist()},
        "mated": int(found.mated.sum()),
        "non_mated": non_mated,
        "speakers": len(np.union1d(found.first, found.second)),
    }


def equal_error_rate(score: Floats, mated: Bools) -> float:
    """Return the rate at which false-positive and false-negative rate are equal, by linear interpolation of the curve.

    Ties are one point of the curve, so scores that are all equal give 0.5. Perfect scores give 0; scores with the
    wrong sign give more than 0.5.

    Examples
    --------
    >>> equal_error_rate(np.array([0.9, 0.4, 0.6, 0.1]), np.array([True, True, False, False]))
    0.5
    """
    return _crossing(*_plain_curve(score, mated))


def _plain_curve(score: Floats, mated: Bools) -> Curve:
    return next(_curves(score, mated, [np.ones(len(score))]))


def _curves(score: Floats, mated: Bools, weights: Iterable[Floats]) -> Iterator[Curve]:
    """Yield false- and true-positive rates from (0, 0) to (1, 1), for each weighting float64[n].

    A weighting is skipped if one of the two kinds has no weight.
    """
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    label = mated[order]
    for weight in weights:
        true, false = (np.append(0, np.cumsum(weight[order] * side)[last]) for side in (label, ~label))
        if true[-1] > 0 and false[-1] > 0:
            yield false / false[-1], true / true[-1]


def _crossing(false: Floats, true: Floats) -> float:
    gap = false - (1 - true)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(false[before] + share * (false[after] - false[before]))


def _drawn_curves(found: Trials, rng: np.random.Generator) -> Iterator[Curve]:
    """Yield curves for bootstrap draws of speakers.

    A non-mated trial has the product of its two speakers' draws as weight, a mated trial the draws of its speaker.
    """
    codes, places = np.unique(np.concatenate([found.first, found.second]), return_inverse=True)
    first, second = np.split(places, 2)
    draws = speaker_draws(np.arange(len(codes)), DRAWS, rng)
    weights = (drawn[first] * np.where(first == second, 1, drawn[second]) for drawn in draws)
    return _curves(found.score, found.mated, weights)


def true_positive_rate(false: Floats, true: Floats, rate: float) -> float:
    """Return the highest true-positive rate whose false-positive rate does not exceed `rate`."""
    return float(true[np.searchsorted(false, rate + 1e-12, "right") - 1])


def _low(found: Trials, drawn: Floats, rate: float) -> dict[str, Any]:
    non_mated, needed = int((~found.mated).sum()), round(LEAST_BEYOND / rate)
    if non_mated < needed:
        reason = f"{non_mated} non-mated trials are too few to say: {needed} are needed"
        return {"tpr": None, "ci": None, "reason": reason}
    own = true_positive_rate(*_plain_curve(found.score, found.mated), rate)
    return {"tpr": own, "ci": list(percentile_interval(drawn)), "reason": None}


def adjusted(
    measure: Callable[[Floats, Bools], float], found: Trials, most: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return a measure adjusted for chance, in [0, most], then before the adjustment, then its chance level.

    The module's docstring has the formula.
    """
    plain = measure(found.score, found.mated)
    chance = float(np.mean([measure(found.score, rng.permutation(found.mated)) for _ in range(PERMUTATIONS)]))
    if chance >= most:  # with one or two trials of each kind, any labels fit perfectly
        return 0.0, plain, chance
    return float(np.clip(most * (plain - chance) / (most - chance), 0, most)), plain, chance


def linkability(score: Floats, mated: Bools) -> float:
    """Return D_sys at even prior odds, not adjusted for chance.

    It is the mean over mated scores of max(0, (LR - 1)/(LR + 1)). The likelihood ratio LR is that of
    `calibrated_ratios`, which rises with the score. The paper and public code take the ratio of two histograms. Its
    noise adds to strong links less than to none, so an adjustment for chance takes away too much: with 300 mated and
    3,000 non-mated trials, a link of 0.10 was given as 0.055. Low scores that are more frequent among mated trials
    count as no link.
    """
    ratio, _ = calibrated_ratios(score, mated)
    return float(np.maximum(0, 1 - 2 / (1 + ratio)).mean())


def calibrated_ratios(score: Floats, mated: Bools, margin: float = 0.0) -> tuple[Floats, Floats]:
    """Return the likelihood ratios of mated and non-mated trials by pool-adjacent-violators.

    Parameters
    ----------
    score : float64[n]
    mated : bool[n]
    margin : float
        Added to the share of either kind in every pooled block, so that no ratio is infinite.

    Returns
    -------
    float64[m], float64[k]
    """
    place = np.unique(score, return_inverse=True)[1]
    held = np.bincount(place).astype(np.float64)
    fitted = isotonic_regression(np.bincount(place, mated) / held, sample_weight=held)
    block = np.unique(fitted, return_inverse=True)[1][place]
    share = [np.bincount(block[side], minlength=block.max() + 1) / side.sum() + margin for side in (mated, ~mated)]
    with np.errstate(divide="ignore"):
        ratio = share[0] / share[1]
    return ratio[block[mated]], ratio[block[~mated]]


def population_bits(score: Floats, mated: Bools) -> float:
    """Return ZEBRA's population disclosure in bits, not adjusted for chance: [0, 0.721].

    It is the difference between the entropy of the prior and the cross-entropy with calibrated scores, averaged over
    all priors.
    """
    of_mated, of_others = calibrated_ratios(score, mated)
    with np.errstate(divide="ignore"):
        costs = _mean_cost(1 / of_mated).mean() + _mean_cost(of_others).mean()
    return float(MOST_BITS - costs / np.log(2))


def _mean_cost(ratio: Floats) -> Floats:
    """Return the integral over priors π of π ln(1 + ratio (1 - π) / π), in nats.

    The closed form, with a for the ratio, is a/(2(1 - a)) + a² ln a/(2 (1 - a)²). Its limits are 0 at 0 and 1/4 at 1.
    """
    near = np.abs(ratio - 1) < 1e-3
    safe = np.where(near | (ratio <= 0), 0.5, ratio)
    value = safe / (2 * (1 - safe)) + safe**2 * np.log(safe) / (2 * (1 - safe) ** 2)
    off = ratio - 1
    # Near 1 both terms are large and cancel, so the Taylor series to its second order is used there.
    return np.asarray(np.where(ratio <= 0, 0.0, np.where(near, 0.25 + off / 6 - off**2 / 24, value)))


def strongest_ratio(score: Floats, mated: Bools) -> float:
    """Return the decadic logarithm of the strongest likelihood ratio in either direction; at least 0.

    In every block, the share of one trial of the rarer kind is added to both shares. Otherwise a single mated trial
    with the highest score would be infinite evidence. With m trials of the rarer kind, the ratio is at most m + 1 to
    one.
    """
    margin = 1 / min(mated.sum(), (~mated).sum())
    return float(np.abs(np.log10(np.concatenate(calibrated_ratios(score, mated, margin)))).max())


def category(strongest: float) -> str:
    """Return ZEBRA's category of the strongest log ratio: "0" for none, A (up to ten to one) to F (over a million)."""
    return next(name for bound, name in CATEGORIES if strongest <= bound + 1e-9)
