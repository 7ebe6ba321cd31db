"""Neighbourhood: a member is more probable than what lies around it (Mattern et al., arXiv 2305.18462)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.attacks.registry import NEIGHBOUR_ATTACKS, Scored


@NEIGHBOUR_ATTACKS.register("neighbourhood")
def neighbourhood(original: Scored, neighbours: Sequence[Scored]) -> dict[str, float]:
    """Return ``neighbourhood``: the clip's mean log-probability less the mean of its neighbours'; NaN without any."""
    around = [neighbour.statistics["logprob"].mean() for neighbour in neighbours]
    level = np.mean(around) if around else np.nan
    return {"neighbourhood": float(original.statistics["logprob"].mean() - level)}
