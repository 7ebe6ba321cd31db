"""CON-ReCaLL: the loss after non-members' transcripts against that after members' (Wang et al., arXiv 2409.03363)."""

from __future__ import annotations

from stages.attacks.registry import Columns, Sheet, clip_attack


@clip_attack("con_recall", uses_labels=True)
def con_recall(sheet: Sheet) -> Columns:
    """Return ``con_recall``: (loss after non-members - 0.5 · loss after members) / loss, without bounds.

    The score is NaN for the clips of both prefixes. There are no scores without the probe, and none where the target
    takes no instruction.
    """
    return {"con_recall": sheet.probes["con_recall"]} if "con_recall" in sheet.probes else {}
