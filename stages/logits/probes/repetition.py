"""Repetition: how much easier a transcript is when it is told once more (CAMIA, arXiv 2409.13745)."""

from __future__ import annotations

from dataclasses import replace

from stages.logits.probe import ProbeBatch, probe, token_logprobs
from stages.models.adapter import Adapter


@probe("repetition")
def repetition(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss of the first telling less that of the second, in nats per token; None for an empty text.

    The token that ends an answer belongs to neither.
    """
    if not case.original.text:
        return [None]
    twice = replace(case.original, text=f"{case.original.text} {case.original.text}")
    once, both = token_logprobs(adapter, [case.original, twice])
    told = len(once) - 1
    return [float(both[told:-1].mean() - once[:-1].mean())]
