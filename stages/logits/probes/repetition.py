"""Repetition: how much the loss of a transcript falls when it is repeated (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from dataclasses import replace

from stages.logits.probe import ProbeBatch, probe, token_logprobs
from stages.models.adapter import Adapter


@probe("repetition")
def repetition(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss of the first occurrence less that of the second, in nats per token; None for an empty text.

    The end token of an answer counts in neither.
    """
    if not case.original.text:
        return [None]
    twice = replace(case.original, text=f"{case.original.text} {case.original.text}")
    once, both = token_logprobs(adapter, [case.original, twice])
    told = len(once) - 1
    return [float(both[told:-1].mean() - once[:-1].mean())]
