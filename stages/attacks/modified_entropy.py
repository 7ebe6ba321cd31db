"""Modified entropy and its Rényi forms, which use the correct token (arXiv 2003.10595, eq. 2; arXiv 2411.02902)."""

from __future__ import annotations

from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows

NAMES = ("modified_entropy", "modified_renyi_0.5", "modified_renyi_2")


@row_attack("modified_entropy")
def modified_entropy(rows: Rows, settings: AttackSettings) -> Columns:
    """Return the negated mean of each form that was computed: 0 if the target is certain of every token, else lower."""
    return {name: -rows.statistic(name).means() for name in NAMES if name in rows.statistics}
