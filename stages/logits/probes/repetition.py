"""Repetition: how much the loss of a transcript falls when it is repeated (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from stages.logits.probe import ProbeBatch, probe, told_again
from stages.models.adapter import Adapter


@probe("repetition")
def repetition(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss of the first occurrence less that of the second, in nats per token; None for an empty text.

    The end token of an answer counts in neither. The value is also None if two copies do not fit the target.
    """
    told = told_again(adapter, case.original, 2)
    return [None] if told is None else [float(told.again[0].mean() - told.once.mean())]
