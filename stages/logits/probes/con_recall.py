"""CON-ReCaLL: the loss after non-members' transcripts against that after members' (Wang et al., arXiv 2409.03363).

Both kinds of shots are known clips and are not scored themselves. Scoring them, as public code does, leaks their
labels.
"""

from __future__ import annotations

from stages.logits.probe import ProbeBatch, losses_after, probe
from stages.models.adapter import Adapter

GAMMA = 0.5
"""Weight of the loss after members' transcripts. The paper chooses it on labelled data, from 0.1 to 1."""
MIN_LOSS = 1e-10
"""Added to the divisor, so that it is not zero."""


@probe("con_recall", shots=True, member_shots=True)
def con_recall(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return (loss after non-members - 0.5 · loss after members) / loss without either: larger for members.

    The value is None if the target takes no instruction.
    """
    losses = losses_after(adapter, case.original, [case.shots, case.member_shots])
    if losses is None:
        return [None]
    non_members, members, without = losses
    return [(non_members - GAMMA * members) / (without + MIN_LOSS)]
