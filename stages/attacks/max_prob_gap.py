"""Max probability gap: how far the best token is ahead of the second (VL-MIA, arXiv 2411.02902)."""

from __future__ import annotations

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings


@ROW_ATTACKS.register("max_prob_gap")
def max_prob_gap(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``max_prob_gap``: the mean gap of the two best log-probabilities, in nats, at least 0."""
    return {"max_prob_gap": float(row.statistics["gap"].mean())}
