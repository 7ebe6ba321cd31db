"""The negative control: whether the attack separates by more than a reference that never saw the data.

The calibrated difference d = s_target - c · s_reference removes the effect that recording conditions have on the scores
of both models. c is estimated by instrumental variables over non-members, with one instrument: the speaker-grouped
cross-fitted ridge prediction of s_reference from the blind features. Many raw instruments would bias c towards its
attenuated least-squares value. If the reference hardly reacts to the blind features (first-stage F under 10), or reacts
in the opposite direction, c is not identified. Then d must be significant at c = 0, at 1 and at the margin, and the
reference itself must not separate the population. If it does, it reacts to something unmeasured by an unknown c, which
can be larger than the fixed values. (In the simulation, with poor features, a shift of two and a reference of 0.6, the
fixed values alone let a quarter of the audits claim memory where there is none.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from stages.core.inference.folds import grouped_folds
from stages.core.inference.ridge import CrossFittedRidge
from stages.core.inference.statistics import AUCTest, Bools, Floats, Ints, auc, clustered_test, renumbered

STRONG_INSTRUMENT = 10.0
"""Smallest first-stage F at which c counts as identified (Staiger and Stock 1997)."""

PLACEBO_LEVEL = 0.05
"""Level of the placebo test, and of the test whether the reference separates if c is not identified."""


@dataclass(frozen=True)
class CalibratedDifference:
    """One attack's calibrated difference to the reference, in a population.

    Attributes
    ----------
    c : float
        Factor of the reference's score; 1.0 if it is not identified.
    identified : bool
    values : tuple of float
        All values of c at which d must be significant.
    first_stage : float
        F of the instrument among non-members; 0.0 if its effect has the wrong sign or it does not vary.
    difference : AUCTest
        Of d at `c`. Its variance includes that of c if c was estimated.
    p : float
        Of d at `c`; if c is not identified, the largest over `values`.
    placebo_p : float
        One-sided p of the test whether the blind features predict d among non-members. A small value speaks against d.
    reference : AUCTest
        Of the same attack on the reference, in the population.
    margin : AUCTest
        Of d at the largest of `values`.
    deviation_ratio, margin_ratio : float
        Deviation of d divided by that of the attack's score, among non-members, at `c` and at the largest of `values`.
    """

    c: float
    identified: bool
    values: tuple[float, ...]
    first_stage: float
    difference: AUCTest
    p: float
    margin: AUCTest
    placebo_p: float
    reference: AUCTest
    deviation_ratio: float
    margin_ratio: float

    @property
    def placebo_holds(self) -> bool:
        """Return whether the placebo test passes: the blind features do not predict d."""
        return self.placebo_p >= PLACEBO_LEVEL

    @property
    def reference_allows(self) -> bool:
        """Return whether c is identified or, if it is not, whether the reference does not separate the population."""
        return self.identified or self.reference.p >= PLACEBO_LEVEL

    def smallest_detectable(self, alpha: float, adjusted: float, power: float = 0.8) -> float:
        """Return the smallest AUC of the *attack* at which its calibrated difference is found, for normal scores.

        Parameters
        ----------
        alpha : float
            Level at the margin.
        adjusted : float
            Level at c, corrected for the number of attacks.
        power : float
        """
        at_c = _of_attack(self.difference, self.deviation_ratio, adjusted, power)
        at_margin = _of_attack(self.margin, self.margin_ratio, alpha if self.identified else adjusted, power)
        return max(at_c, at_margin)


def _of_attack(difference: AUCTest, ratio: float, alpha: float, power: float) -> float:
    """Return the attack's AUC at which its difference is found; the difference is noisier by the factor `ratio`."""
    if not difference.error > 0:
        return 1.0
    needed = 0.5 + (norm.isf(alpha) + norm.ppf(power)) * difference.error
    return float(norm.cdf(norm.ppf(min(needed, 1.0)) * ratio))


@dataclass(frozen=True)
class _NonMembers:
    """The non-members of a population, on which c is estimated and the placebo is tested."""

    ridge: CrossFittedRidge
    folds: Ints
    cluster: Ints

    def within_folds(self, values: Floats) -> Floats:
        """Subtract each fold's mean, because a cross-fitted prediction does not know the fold's own level."""
        sizes = np.maximum(np.bincount(self.folds), 1)
        return np.asarray(values - (np.bincount(self.folds, values) / sizes)[self.folds])

    def without_fold_means(self, columns: Floats) -> Floats:
        """Subtract each fold's mean from several columns."""
        return np.column_stack([self.within_folds(column) for column in columns.T])

    def clustered_error(self, contributions: Floats) -> float:
        """Return the standard error of a sum of clips' contributions."""
        by_speaker = np.bincount(self.cluster, contributions)
        groups = len(by_speaker)
        return float(np.sqrt(groups / max(1, groups - 1) * (by_speaker**2).sum()))


@dataclass(frozen=True)
class _Coefficient:
    """An estimate of c, and what each clip of the population adds to its error."""

    c: float
    first_stage: float
    influence: Floats


def calibrate(
    scores: Floats,
    reference: Floats,
    features: Floats,
    member: Bools,
    cluster: Ints,
    margin: float,
    folds: int,
    rng: np.random.Generator,
) -> list[CalibratedDifference | None]:
    """Return the calibrated difference of every attack in a population.

    Parameters
    ----------
    scores, reference : float64[n, k]
        Attacks on the target and on the reference; NaN where there is none.
    features : float64[n, d]
    member : bool[n]
    cluster : intp[n]
    margin : float
        Multiple of c at which d must also be significant.
    folds : int
    rng : numpy.random.Generator

    Returns
    -------
    list of CalibratedDifference or None
        None for an attack whose reference scores cannot be used: missing for over half of the clips, or constant.
    """
    outside = ~member
    dealt, _ = grouped_folds(member, renumbered(cluster), folds, rng)
    held = _NonMembers(
        CrossFittedRidge(features[outside], dealt[outside]), dealt[outside], renumbered(cluster[outside])
    )
    # The reference never saw the members either, so they may help to predict its score. c uses only non-members.
    predicted = CrossFittedRidge(features, dealt).predict(_filled(reference))[outside]
    instruments = held.without_fold_means(predicted)
    found: list[CalibratedDifference | None] = []
    for s, r, instrument in zip(scores.T, reference.T, instruments.T, strict=True):
        known = np.isfinite(s) & np.isfinite(r)
        if known.mean() <= 0.5 or np.ptp(r[known]) == 0 or np.ptp(s[known]) == 0:
            found.append(None)
        else:
            estimate = _coefficient(s, r, instrument, known, outside, held)
            found.append(_difference(s, r, known, member, cluster, estimate, margin, held))
    return found


def _filled(columns: Floats) -> Floats:
    """Fill missing values with the column's mean, which biases no prediction."""
    count = np.isfinite(columns).sum(axis=0)
    mean = np.where(np.isfinite(columns), columns, 0).sum(axis=0) / np.maximum(count, 1)
    return np.where(np.isfinite(columns), columns, mean)


def _coefficient(
    s: Floats, r: Floats, instrument: Floats, known: Bools, outside: Bools, held: _NonMembers
) -> _Coefficient:
    """Estimate c by instrumental variables over non-members."""
    z = np.where(known[outside], instrument, 0.0)
    target, reference = (held.within_folds(_filled(column[outside, None])[:, 0]) for column in (s, r))
    strength, squared = float(z @ reference), float(z @ z)
    nothing = _Coefficient(1.0, 0.0, np.zeros(len(s)))
    if not (squared > 1e-12 * float(reference @ reference) and strength > 0):
        return nothing
    slope = strength / squared
    error = held.clustered_error(z * (reference - slope * z)) / squared
    c = float(z @ target) / strength
    influence = np.zeros(len(s))
    influence[outside] = z * (target - c * reference) / strength
    return _Coefficient(c, (slope / error) ** 2 if error > 0 else np.inf, influence)


def _difference(
    s: Floats,
    r: Floats,
    known: Bools,
    member: Bools,
    cluster: Ints,
    estimate: _Coefficient,
    margin: float,
    held: _NonMembers,
) -> CalibratedDifference:
    identified = estimate.first_stage >= STRONG_INSTRUMENT and estimate.c > 0
    values: tuple[float, ...] = (1.0, 0.0, margin)
    if identified:
        values = (estimate.c, margin * estimate.c)

    def tested(c: float) -> AUCTest:
        d, extra = s[known] - c * r[known], None
        if identified:
            # The margin is a multiple of c, and so is its error.
            extra = _slope(d, r[known], member[known], c) * c / estimate.c * estimate.influence[known]
        return clustered_test(d, member[known], cluster[known], extra)

    tests = [tested(c) for c in values]
    quiet = known & ~member
    spread = [float((s - c * r)[quiet].std()) / max(float(s[quiet].std()), 1e-300) for c in values]
    return CalibratedDifference(
        c=values[0],
        identified=identified,
        values=values,
        first_stage=estimate.first_stage,
        difference=tests[0],
        p=tests[0].p if identified else max(test.p for test in tests),
        margin=tests[-1],
        placebo_p=_placebo(s - values[0] * r, member, held),
        reference=clustered_test(r[known], member[known], cluster[known]),
        deviation_ratio=spread[0],
        margin_ratio=spread[-1],
    )


def _slope(d: Floats, r: Floats, member: Bools, c: float) -> float:
    """Return the derivative of the AUC of d by c, for the case that only recording conditions separate.

    An error in c shifts members against non-members by this error times the reference's own difference. The error also
    changes the deviation of d, but this matters only if memory separates, and it is no evidence against memory.
    """
    step = 0.1 * c * (r[member].mean() - r[~member].mean())
    return (auc(d - step * member, member) - auc(d + step * member, member)) / (0.2 * c)


def _placebo(difference: Floats, member: Bools, held: _NonMembers) -> float:
    """Return the one-sided p of whether blind features predict d among non-members, cross-fitted and clustered."""
    column = _filled(difference[~member, None])
    products = held.within_folds(held.ridge.predict(column)[:, 0]) * held.within_folds(column[:, 0])
    error = held.clustered_error(products)
    groups = int(held.cluster.max()) + 1
    return float(t.sf(products.sum() / error, groups - 1)) if error > 0 and groups > 1 else 1.0
