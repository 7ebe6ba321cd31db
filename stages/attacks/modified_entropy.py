"""Modified entropy and its Rényi forms, which know the right token (arXiv 2003.10595, eq. 2; arXiv 2411.02902)."""

from __future__ import annotations

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings

NAMES = ("modified_entropy", "modified_renyi_0.5", "modified_renyi_2")


@ROW_ATTACKS.register("modified_entropy")
def modified_entropy(row: Scored, settings: Settings) -> dict[str, float]:
    """Return the mean of each, negated: 0 when certain of every token, lower the less so."""
    return {name: -float(row.statistics[name].mean()) for name in NAMES}
