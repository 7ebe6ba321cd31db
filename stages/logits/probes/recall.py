"""ReCaLL: what non-members' transcripts before it do to a clip's loss (Xie et al., arXiv 2406.15968, eq. 2).

The shots stand before the instruction, as text: one prompt holds one sound for every architecture. They are known
non-members that are not scored themselves; scoring them, as public code does, leaks their labels.
"""

from __future__ import annotations

from dataclasses import replace

from stages.logits.probe import ProbeBatch, probe, token_logprobs
from stages.models.adapter import Adapter

MIN_LOSS = 1e-10
"""Added to a loss that is divided by."""


@probe("recall", shots=True)
def recall(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss after the shots over the loss without them: larger for members, at least 0."""
    after = replace(case.original, instruction="\n".join([*case.shots, case.original.instruction]))
    with_shots, without = (-float(found.mean()) for found in token_logprobs(adapter, [after, case.original]))
    return [with_shots / (without + MIN_LOSS)]
