"""Loss: the mean log-probability of the tokens (Yeom et al., arXiv 1709.01604)."""

from __future__ import annotations

from stages.attacks.registry import AttackSettings, Columns, row_attack
from stages.attacks.rows import Rows


@row_attack("loss", needs=("logprob",))
def loss(rows: Rows, settings: AttackSettings) -> Columns:
    """Return ``loss``: the negated loss, in nats per token, at most 0; higher = more like a member."""
    return {"loss": rows.statistic("logprob").means()}
