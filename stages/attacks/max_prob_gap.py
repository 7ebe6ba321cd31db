"""Max probability gap: the lead of the most probable token over the second (VL-MIA, arXiv 2411.02902)."""

from __future__ import annotations

from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("max_prob_gap", needs=("gap",))
def max_prob_gap(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``max_prob_gap``: the mean gap between the two highest log-probabilities, in nats, at least 0."""
    return {"max_prob_gap": rows.statistic("gap").means()}
