"""The shift map: how well the blind baseline tells any two sets of clips apart, and the parts of one.

If the AUC is near 0.5, two corpora can serve as members and non-members of one audit. If it is near 1, an attack that
separates them shows nothing. A corpus is also split into parts by an attribute, such as its source; the AUCs between
these parts show how mixed the corpus is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TypedDict

import numpy as np

from stages.blind_baseline.matching import blind_scores
from stages.core.inference.blind import PopulationSettings, blind_auc
from stages.core.inference.statistics import Bools, Floats, Ints
from stages.core.run.randomness import generator

FEWEST_CLIPS = 20
"""Fewest clips of a part of a corpus."""

MOST_PARTS = 8


class SetAuc(TypedDict):
    """The blind AUC between two sets of clips, with its interval."""

    auc: float
    auc_ci: list[float]


ShiftValue = list[str] | list[int] | SetAuc
"""A value of a pair: `between` (the names of both sets), `clips` (the size of each), or a family's AUC."""


def shift_map(
    features: Floats,
    columns: Mapping[str, Sequence[int]],
    sets: Mapping[str, Bools],
    cluster: Ints,
    settings: PopulationSettings,
    seed: int,
) -> list[dict[str, ShiftValue]]:
    """Return the blind AUC between every two sets of clips, with its interval.

    Parameters
    ----------
    features : float64[n, d]
    columns : mapping of str to sequence of int
        Columns of each feature family, by the family's name.
    sets : mapping of str to bool[n]
        Disjoint, none of them empty.
    cluster : intp[n]
        Speakers, the same code for the same speaker in every set.
    settings : PopulationSettings
    seed : int
        Each pair gets its own generator from it.

    Returns
    -------
    list of dict
        For each pair: `between`, `clips`, and for each family `auc` and `auc_ci`; 0.5 = alike, 1 = fully separable.
    """
    found = []
    for one, other in combinations(sorted(sets), 2):
        rows = np.flatnonzero(sets[one] | sets[other])
        first = sets[one][rows]
        pair: dict[str, ShiftValue] = {"between": [one, other], "clips": [int(first.sum()), int((~first).sum())]}
        for family, chosen in columns.items():
            part = features[rows][:, np.array(chosen, np.intp)]
            speakers = np.unique(cluster[rows], return_inverse=True)[1]
            rng = generator(seed, "shift_map", one, other, family)
            _, blind = blind_auc(part, first, speakers, settings, rng, blind_scores)
            pair[family] = {"auc": blind.auc, "auc_ci": [blind.low, blind.high]}
        found.append(pair)
    return found


def parts_of(attributes: Sequence[Mapping[str, str]]) -> dict[str, dict[str, Bools]]:
    """Return the parts of a corpus by each attribute that divides it into few parts with enough clips.

    Parameters
    ----------
    attributes : sequence of mapping
        One mapping per clip; a clip whose value is missing or blank belongs to no part.

    Returns
    -------
    dict of str to dict of str to bool[n]
        The clips by attribute, then by value. Attributes with more than eight values and values with fewer than 20
        clips are left out.
    """
    names = sorted({name for clip in attributes for name in clip})
    divided = {}
    for name in names:
        values = np.array([clip.get(name) or "" for clip in attributes])
        kinds = sorted(set(values.tolist()) - {""})
        parts = {kind: values == kind for kind in kinds if (values == kind).sum() >= FEWEST_CLIPS}
        if len(kinds) <= MOST_PARTS and len(parts) > 1:
            divided[name] = parts
    return divided
