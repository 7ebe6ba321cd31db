"""ReCaLL: how non-members' transcripts in the prompt change a clip's loss (Xie et al., arXiv 2406.15968, eq. 2).

The shots stand before the instruction as text, because a prompt holds one sound for every architecture. They are known
non-members and are not scored themselves. Scoring them, as public code does, leaks their labels.
"""

from __future__ import annotations

from dataclasses import replace

from stages.logits.probe import ProbeBatch, probe, token_logprobs
from stages.models.adapter import Adapter

MIN_LOSS = 1e-10
"""Added to the divisor, so that it is not zero."""


@probe("recall", shots=True)
def recall(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss with the shots divided by the loss without them: at least 0, larger for members."""
    after = replace(case.original, instruction="\n".join([*case.shots, case.original.instruction]))
    with_shots, without = (-float(found.mean()) for found in token_logprobs(adapter, [after, case.original]))
    return [with_shots / (without + MIN_LOSS)]
