"""Ratio: the loss compared with a reference's on the same clip (Carlini et al., arXiv 2012.07805, section 5.2)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, reference_attack


@reference_attack("ratio")
def ratio(target: Sheet, reference: Sheet) -> Columns:
    """Return ``ratio``: the log of the likelihood ratio per token, in nats.

    Each log-likelihood is divided by its own number of tokens, because the two targets may have different tokenizers.
    """
    return {"ratio": target.rows.statistic("logprob").means() - reference.rows.statistic("logprob").means()}
