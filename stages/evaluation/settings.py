"""The settings of the verdict rule: defaults for callers of `judge`, or the sections of `params.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from numbers import Real
from typing import Any

from stages.core.config.shared import PopulationParams
from stages.core.errors import EarwitnessError
from stages.core.inference.blind import PopulationSettings
from stages.evaluation.params import Evaluation, EvaluationParams


@dataclass(frozen=True)
class RuleSettings:
    """The settings of the verdict rule.

    Attributes
    ----------
    population : PopulationSettings
    odds_trim : float
        Clips whose blind probability is closer than this to 0 or 1 are trimmed: they get no odds weight.
    alpha : float
        Level of the family of primary attacks.
    margin : float
        The target is assumed at most this many times as sensitive to unmeasured recording conditions as c implies.
    smallest_effect : float
        A population is underpowered if it cannot show this AUC.
    bootstraps : int
    """

    population: PopulationSettings = field(default_factory=PopulationSettings)
    odds_trim: float = 0.05
    alpha: float = 0.05
    margin: float = 1.5
    smallest_effect: float = 0.64
    bootstraps: int = 1000


NOT_OF_THE_RULE = {"primary_attacks", "cut_clips"}
"""Keys of the section that choose what is judged."""

_BOUNDS = {
    "folds": (2.0, inf),
    "permutations": (1.0, inf),
    "bootstraps": (1.0, inf),
    "alpha": (0.0, 1.0),
    "odds_trim": (0.0, 0.5),
    "tolerance": (0.5, 1.0),
    "smallest_effect": (0.5, 1.0),
}
"""Lower and upper bounds of settings; a setting without an entry must be at least 0."""


def settings_of(params: EvaluationParams | Mapping[str, Mapping[str, Any]] | None) -> RuleSettings:
    """Return the settings that `params` gives.

    Parameters
    ----------
    params : EvaluationParams, mapping or None
        A loaded `params.yaml`; or its sections `blind_baseline` and `evaluation`, with only the keys that differ from
        the defaults; or None for the defaults.

    Raises
    ------
    EarwitnessError
        On a section or key that the rule does not have, or a value out of range.
    """
    if isinstance(params, EvaluationParams):
        return _with(params.blind_baseline.model_dump(), params.evaluation.model_dump(exclude=set(NOT_OF_THE_RULE)))
    sections = dict(params or {})
    blind, evaluation = sections.pop("blind_baseline", {}), sections.pop("evaluation", {})
    if sections:
        raise EarwitnessError(f"params: unknown section {next(iter(sections))!r}: use blind_baseline and evaluation")
    _check("blind_baseline", blind, set(PopulationParams.model_fields))
    _check("evaluation", evaluation, set(Evaluation.model_fields) - NOT_OF_THE_RULE)
    _in_range("blind_baseline", blind)
    _in_range("evaluation", evaluation)
    return _with(blind, evaluation)


def _in_range(section: str, given: Mapping[str, Any]) -> None:
    """Raise for a value that is not a number, or that makes the rule meaningless; `params.yaml` has narrower bounds."""
    for key, value in given.items():
        low, high = _BOUNDS.get(key, (0.0, inf))
        if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
            raise EarwitnessError(
                f"params: {section}.{key}: {value!r} is no number from {low:g} to {high:g}: correct it"
            )


def _with(blind: Mapping[str, Any], evaluation: Mapping[str, Any]) -> RuleSettings:
    names = {entry.name for entry in fields(PopulationSettings)}
    population = PopulationSettings(**{key: value for key, value in blind.items() if key in names})
    own = {key: value for key, value in blind.items() if key not in names}
    return replace(RuleSettings(population=population), **own, **evaluation)


def _check(section: str, given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise EarwitnessError(f"params: {section}.{key}: unknown key: use one of {', '.join(sorted(known))}")
