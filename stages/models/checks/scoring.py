"""Mean log-probabilities of given answers, as the checks of a target read them, and what cannot be read at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from stages.core.errors import EarwitnessError
from stages.core.schemas.failures import INFINITE, NOT_NUMBERS
from stages.models.adapter import Adapter, Query, Reduced

NUMBERLESS = (NOT_NUMBERS, INFINITE)


def answer_scores(adapter: Adapter, queries: Sequence[Query]) -> NDArray[np.float64]:
    """Return the mean log-probability per token of each query's answer, in nats.

    Returns
    -------
    float64[n]
        NaN where a log-probability is no finite number; 0.0 for an answer without tokens.

    Raises
    ------
    EarwitnessError
        If the target has another reason not to score an answer, or if its logits are fewer than its tokens.
    """
    rows = adapter.reduced(queries, ["transcript"], log_probability)
    return np.array([_mean(row, row.why_unscored("transcript")) for row in rows])


def require_numbers(scores: NDArray[np.float64], what: str) -> None:
    """Check that at least one score is a number.

    A target that gives none for some answers can be audited: its audits count what is not scored.

    Parameters
    ----------
    scores : float64[n]
    what : str
        What was scored, as words that follow 'for'.

    Raises
    ------
    EarwitnessError
        If no score is a number.
    """
    if len(scores) and not np.isfinite(scores).any():
        raise EarwitnessError(
            f"the target {NOT_NUMBERS}, for {what}: its weights are damaged, or its dtype is too narrow: check the "
            "weights, or use another dtype"
        )


def log_probability(logits: torch.Tensor, token_ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Reduce logits float[T, V] to the log-probability of each token; see `stages.models.adapter.Reduce`."""
    if len(token_ids) and int(token_ids.max()) >= logits.shape[1]:
        raise EarwitnessError(
            f"the target gives logits of {logits.shape[1]} tokens, and its tokenizer has one numbered "
            f"{int(token_ids.max())}: they are of different vocabularies: use the tokenizer that the model was "
            "trained with"
        )
    return {"logprob": torch.log_softmax(logits, -1).gather(1, token_ids[:, None]).squeeze(1)}


def _mean(row: Reduced, failure: str | None) -> float:
    if failure in NUMBERLESS:
        return float("nan")
    if failure is not None:
        raise EarwitnessError(f"the target cannot be checked: it {failure}")
    values = row.statistics["transcript"]["logprob"].double()
    return values.mean().item() if len(values) else 0.0
