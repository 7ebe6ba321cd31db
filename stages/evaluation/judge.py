"""The whole verdict rule in one call, for numbers from any source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from stages.core.inference.conditional import fit_logistic, odds_weights
from stages.core.inference.population import Population, find_population
from stages.core.inference.statistics import Bools, Floats
from stages.evaluation.assess import Blind, assess
from stages.evaluation.case import AuditCase, make_case
from stages.evaluation.params import EvaluationParams
from stages.evaluation.settings import RuleSettings, settings_of


def judge(
    scores: Mapping[str, ArrayLike],
    reference_scores: Mapping[str, ArrayLike] | None,
    features: ArrayLike,
    member: Sequence[Any] | NDArray[Any],
    speaker: Sequence[Any] | NDArray[Any],
    split: str,
    params: EvaluationParams | Mapping[str, Mapping[str, Any]] | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, Any]:
    """Decide whether recordings were in a model's training data, as far as the numbers allow.

    Parameters
    ----------
    scores : dict of str to float[n]
        Scores of attacks on the target, higher = more like a member; every attack counts as primary. NaN if a clip has
        no score.
    reference_scores : dict of str to float[n] or None
        Scores of the same attacks on a model that is known not to hold the data.
    features : float[n, d]
        Blind features: properties of the clips that do not come from the model. Finite. d may be 0, but then little can
        be concluded.
    member : bool[n]
        Clips with None or NaN (unknown) are left out.
    speaker : array of n names or numbers
        A clip with None (unknown) counts as a speaker of its own.
    split : str
        How members and non-members were chosen: "randomised", "matched" or "post_hoc".
    params : EvaluationParams, mapping or None
        See `settings_of`; None takes the defaults.
    rng : numpy.random.Generator, optional
        Generator for folds, permutations and bootstraps; by default one with a fixed seed. The order of rows does not
        matter.

    Returns
    -------
    dict
        With `clips`, `population`, `attacks`, `sets` and `verdict`: `stages.core.results.membership.Judgement` as plain
        dicts, as in `details.json`.

    Raises
    ------
    EarwitnessError
        On invalid input: lengths that differ, an unknown split, features that are not finite.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> answer = judge(
    ...     scores={"loss": noise.normal(size=400)},
    ...     reference_scores=None,
    ...     features=noise.normal(size=(400, 6)),
    ...     member=np.arange(400) % 2 == 0,
    ...     speaker=np.arange(400) // 10,
    ...     split="randomised",
    ... )
    >>> answer["verdict"]["finding"]
    'not_detected'
    """
    settings = settings_of(params)
    rng = np.random.default_rng(0) if rng is None else rng
    case, blind = prepared(scores, reference_scores, features, member, speaker, split, settings, rng)
    return assess(case, case.names, blind, settings, rng).plain()


def prepared(
    scores: Mapping[str, ArrayLike],
    reference_scores: Mapping[str, ArrayLike] | None,
    features: ArrayLike,
    member: Sequence[Any] | NDArray[Any],
    speaker: Sequence[Any] | NDArray[Any],
    split: str,
    settings: RuleSettings,
    rng: np.random.Generator,
) -> tuple[AuditCase, Blind]:
    """Check an audit's numbers, and find its population; parameters are those of `judge`."""
    case = make_case(scores, reference_scores, features, member, speaker, split)
    population = find_population(case.features, case.member, case.cluster, settings.population, rng)
    probability = _probability(population, case.member)
    weight = odds_weights(probability, case.member, settings.odds_trim)
    return case, Blind(population, probability, weight)


def _probability(population: Population, member: Bools) -> Floats:
    """Return the probability of membership for the cross-fitted blind score, by Platt scaling."""
    if not member.any() or member.all():
        return np.full(len(member), 0.5)
    beta, _ = fit_logistic(population.score[:, None], member)
    return np.asarray(expit(beta[0] + beta[1] * population.score))
