"""A population, written and read again."""

import json

import numpy as np

from stages.core.inference.blind import BlindInterval
from stages.core.inference.population import Population
from stages.core.results.population import PopulationResult

MEMBER = np.arange(6) % 2 == 0
WHOLE = BlindInterval(0.7, 0.6, 0.8, 0.02, 0.5, 1e-4)
MATCHED = BlindInterval(0.5, 0.4, 0.6, float("nan"), float("nan"), 1.0)


def test_a_population_survives_its_json() -> None:
    rows, pairs = np.array([0, 1, 2, 3]), np.array([0, 0, 1, 1])
    found = Population("matched", rows, pairs, MATCHED, WHOLE, np.zeros(6), "2 pairs", True)
    written = PopulationResult.of(found, MEMBER)
    assert (written.member, written.non_member, written.permutation_p) == (2, 2, 1e-4)
    text = json.dumps(written.plain()).replace("NaN", "null")
    again = PopulationResult.model_validate(json.loads(text)).population(rows, pairs)
    assert again.whole == WHOLE
    assert again.blind is not None
    assert np.isnan(again.blind.mean)
    assert (again.kind, again.reason, again.searched) == ("matched", "2 pairs", True)


def test_where_there_is_none_there_are_no_clips() -> None:
    nothing = np.zeros(0, np.intp)
    written = PopulationResult.of(Population(None, nothing, nothing, None, None, np.zeros(6), "too few"), MEMBER)
    assert (written.member, written.non_member, written.blind_auc) == (0, 0, None)
    assert written.population(nothing, nothing).whole is None
