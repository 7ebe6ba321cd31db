"""Loss: the mean log-probability of the tokens (Yeom et al., arXiv 1709.01604)."""

from __future__ import annotations

from stages.attacks.registry import ROW_ATTACKS, Scored, Settings


@ROW_ATTACKS.register("loss")
def loss(row: Scored, settings: Settings) -> dict[str, float]:
    """Return ``loss``: the negated loss, so that higher = more like a member; in nats per token, at most 0."""
    return {"loss": float(row.statistics["logprob"].mean())}
