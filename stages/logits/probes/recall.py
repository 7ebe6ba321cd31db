"""ReCaLL: how non-members' transcripts in the prompt change a clip's loss (Xie et al., arXiv 2406.15968, eq. 2).

The shots are known non-members and are not scored themselves. Scoring them, as public code does, leaks their labels.
"""

from __future__ import annotations

from stages.logits.probe import ProbeBatch, losses_after, probe
from stages.models.adapter import Adapter

MIN_LOSS = 1e-10
"""Added to the divisor, so that it is not zero."""


@probe("recall", shots=True)
def recall(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the loss with the shots divided by the loss without them: at least 0, larger for members.

    The value is None if the target takes no instruction.
    """
    losses = losses_after(adapter, case.original, [case.shots])
    if losses is None:
        return [None]
    with_shots, without = losses
    return [with_shots / (without + MIN_LOSS)]
