"""ReCaLL: non-members' transcripts before it make a member's loss rise most (Xie et al., arXiv 2406.15968, eq. 2)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("recall", uses_labels=True)
def recall(sheet: Sheet) -> Columns:
    """Return ``recall``: the loss after known non-members over the loss without them, at least 0.

    NaN for those non-members themselves; absent without its probe.
    """
    return {"recall": sheet.probes["recall"]} if "recall" in sheet.probes else {}
