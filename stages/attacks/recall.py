"""ReCaLL: a prefix of non-members' transcripts raises a member's loss most (Xie et al., arXiv 2406.15968, eq. 2)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("recall", uses_labels=True)
def recall(sheet: Sheet) -> Columns:
    """Return ``recall``: the loss after a prefix of known non-members divided by the loss without it, at least 0.

    The score is NaN for the clips of the prefix. There are no scores without the probe, and none where the target
    takes no instruction.
    """
    return {"recall": sheet.probes["recall"]} if "recall" in sheet.probes else {}
