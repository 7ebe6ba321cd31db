"""Canaries: sets of exchangeable candidate clips, from each of which one clip was drawn at random and published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from stages.core.inference.conformal import canaries_p
from stages.core.inference.statistics import Bools, Floats, holm
from stages.core.results.described import CanaryResult, CanaryTest

DRAWS = 9999


def of_canaries(
    scores: Mapping[str, Floats], member: Bools, canary: Sequence[str | None], rng: np.random.Generator
) -> CanaryResult | None:
    """Return the rank test of every attack over a corpus's canaries.

    Parameters
    ----------
    scores : dict of str to float64[n]
        Primary attacks.
    member : bool[n]
    canary : sequence of str or None
        Name of each clip's set of candidates. A set counts if one of its clips is a member and others are not.
    rng : numpy.random.Generator

    Returns
    -------
    CanaryResult or None
        None if no set of candidates counts.
    """
    rows = defaultdict(list)
    for row, name in enumerate(canary):
        if name:
            rows[name].append(row)
    sets = [np.array(held) for _, held in sorted(rows.items()) if member[held].sum() == 1 < len(held)]
    if not sets:
        return None
    p = [
        canaries_p(
            np.concatenate([score[held][member[held]] for held in sets]),
            [score[held][~member[held]] for held in sets],
            DRAWS,
            rng,
        )
        for score in scores.values()
    ]
    adjusted = holm(np.array(p))
    attacks = {name: CanaryTest(p=a, holm_p=float(b)) for name, a, b in zip(scores, p, adjusted, strict=True)}
    return CanaryResult(sets=len(sets), attacks=attacks)
