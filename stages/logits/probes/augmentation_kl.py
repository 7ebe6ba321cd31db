"""Augmentation-KL: how much changed audio changes the token distributions (VL-MIA, arXiv 2411.02902, baselines)."""

from __future__ import annotations

import torch

from stages.logits.probe import ProbeBatch, probe
from stages.models.adapter import Adapter


@probe("augmentation_kl", changed=True)
def augmentation_kl(adapter: Adapter, case: ProbeBatch) -> list[float | None]:
    """Return the mean over audio neighbours and tokens of KL(own || changed), in nats, at least 0.

    The published method sums over tokens, so its value grows with the transcript, and its augmentations are not seeded.
    This probe takes the mean, over the neighbours from `perturbation`. The value is None if there are none.
    """
    if not case.changed:
        return [None]
    own, *others = adapter.forced([case.original, *case.changed], ["transcript"])
    kept = torch.log_softmax(own.logits["transcript"].double(), -1)
    moved = [
        torch.nn.functional.kl_div(
            torch.log_softmax(other.logits["transcript"].double(), -1), kept, reduction="sum", log_target=True
        )
        for other in others
    ]
    return [float(torch.stack(moved).mean()) / len(kept)]
